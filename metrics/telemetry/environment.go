package telemetry

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
)

// environment is where the settings are: the variables of the OpenTelemetry
// specification ("OpenTelemetry Protocol Exporter"), and those of OpenSandbox.
type environment struct {
	lookup   func(name string) (string, bool)
	hostInfo string // the file that names the node
}

// get treats an empty variable as one that is not set, as the specification
// wants it.
func (e environment) get(name string) string {
	value, _ := e.lookup(name)
	return strings.TrimSpace(value)
}

// signal is what is sent: metrics or traces.
type signal struct{ name, variable string }

var (
	metricsSignal = signal{"metrics", "METRICS"}
	tracesSignal  = signal{"traces", "TRACES"}
)

// of is the setting for a signal: its own, or else the one for all.
func (e environment) of(s signal, setting string) string {
	if value := e.get("OTEL_EXPORTER_OTLP_" + s.variable + "_" + setting); value != "" {
		return value
	}
	return e.get("OTEL_EXPORTER_OTLP_" + setting)
}

// destination is where a signal goes.
type destination struct {
	url     string
	host    string // of url, for messages: the rest may hold a secret
	headers map[string]string
	timeout time.Duration // of one request
	gzip    bool
	tls     *tls.Config // nil for the default
}

const (
	defaultTimeout = 10 * time.Second
	collectorPort  = "4318" // of OTLP over HTTP
)

// destination returns nil for a signal that is off.
func (e environment) destination(s signal) (*destination, error) {
	if strings.EqualFold(e.get("OTEL_SDK_DISABLED"), "true") {
		return nil, nil //nolint:nilnil // nothing to do is no failure
	}
	switch exporter := e.get("OTEL_" + s.variable + "_EXPORTER"); exporter {
	case "", "otlp":
	case "none":
		return nil, nil //nolint:nilnil // likewise
	default:
		return nil, fmt.Errorf("OTEL_%s_EXPORTER is %q: only otlp and none are known", s.variable, exporter)
	}
	address := e.address(s)
	if address == "" {
		return nil, nil //nolint:nilnil // likewise
	}
	u, err := url.Parse(address)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return nil, fmt.Errorf("the OTLP endpoint for %s is no http:// or https:// URL", s.name)
	}
	if protocol := e.of(s, "PROTOCOL"); protocol != "" && protocol != "http/protobuf" {
		return nil, fmt.Errorf("the OTLP protocol %q is not spoken: %s go out as http/protobuf", protocol, s.name)
	}
	d := &destination{url: u.String(), host: u.Host, timeout: defaultTimeout}
	return d, e.refine(s, d)
}

// address is the URL of a signal. The address of a node's own collector is for
// metrics alone.
func (e environment) address(s signal) string {
	if own := e.get("OTEL_EXPORTER_OTLP_" + s.variable + "_ENDPOINT"); own != "" {
		return own
	}
	base := e.get("OTEL_EXPORTER_OTLP_ENDPOINT")
	if node := e.node(); base == "" && node != "" && s == metricsSignal {
		base = "http://" + node
	}
	if base == "" {
		return ""
	}
	return strings.TrimSuffix(base, "/") + "/v1/" + s.name
}

// node is the address of the node's collector, if the sandbox was told one.
func (e environment) node() string {
	text := e.get("HOST_IP")
	addr, err := netip.ParseAddr(text)
	if err != nil {
		addr = addressIn(e.hostInfo)
	}
	if !addr.IsValid() {
		return ""
	}
	if addr.Is6() {
		return "[" + addr.String() + "]:" + collectorPort
	}
	return addr.String() + ":" + collectorPort
}

// addressIn is the first line of a file that is an IP address.
func addressIn(file string) netip.Addr {
	f, err := os.Open(file)
	if err != nil {
		return netip.Addr{} // most machines have none
	}
	defer f.Close() //nolint:errcheck // only read from
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if addr, err := netip.ParseAddr(strings.TrimSpace(lines.Text())); err == nil {
			return addr
		}
	}
	return netip.Addr{}
}

func (e environment) refine(s signal, d *destination) error {
	if text := e.of(s, "TIMEOUT"); text != "" {
		ms, err := strconv.ParseUint(text, 10, 31)
		if err != nil || ms == 0 {
			return fmt.Errorf("the OTLP timeout %q for %s is no number of milliseconds", text, s.name)
		}
		d.timeout = time.Duration(ms) * time.Millisecond
	}
	switch compression := e.of(s, "COMPRESSION"); compression {
	case "", "none":
	case "gzip":
		d.gzip = true
	default:
		return fmt.Errorf("the OTLP compression %q is not known: gzip or none", compression)
	}
	var err error
	if d.headers, err = pairs(e.get("OTEL_EXPORTER_OTLP_HEADERS"), e.get("OTEL_EXPORTER_OTLP_"+s.variable+"_HEADERS")); err != nil {
		return fmt.Errorf("the OTLP headers for %s: %w", s.name, err)
	}
	d.tls, err = e.certificates(s)
	return err
}

var errPair = errors.New("not a list of name=value, separated by commas")

// pairs reads lists of name=value, with percent encoding, as in W3C Baggage.
// A later list wins. The values may be secrets, so no error has any.
func pairs(lists ...string) (map[string]string, error) {
	all := map[string]string{}
	for _, list := range lists {
		for item := range strings.SplitSeq(list, ",") {
			if strings.TrimSpace(item) == "" {
				continue
			}
			name, value, ok := strings.Cut(item, "=")
			name = strings.TrimSpace(name)
			value, err := url.PathUnescape(strings.TrimSpace(value))
			if !ok || name == "" || err != nil {
				return nil, errPair
			}
			all[name] = value
		}
	}
	return all, nil
}

// certificates are for a collector that is not known to the system, and for
// one that wants to know who sends.
func (e environment) certificates(s signal) (*tls.Config, error) {
	ca, cert, key := e.of(s, "CERTIFICATE"), e.of(s, "CLIENT_CERTIFICATE"), e.of(s, "CLIENT_KEY")
	if ca == "" && cert == "" {
		return nil, nil //nolint:nilnil // the default does
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if ca != "" {
		text, err := os.ReadFile(ca)
		if err != nil {
			return nil, fmt.Errorf("read OTLP certificate: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("the OTLP certificate file %s has no certificate", ca)
		}
	}
	if cert != "" {
		pair, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			return nil, fmt.Errorf("load OTLP client certificate: %w", err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}
