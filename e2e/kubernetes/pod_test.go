package kubernetes_test

import (
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/labels"
	sandboxes "sigs.k8s.io/agent-sandbox/extensions/api/v1alpha1"
)

// variable is the value of an environment variable of a container.
func variable(c corev1.Container, name string) string {
	for _, v := range c.Env {
		if v.Name == name {
			return v.Value
		}
	}
	return ""
}

// checkPod holds a pod against what execd and those who run it need.
func checkPod(t *testing.T, pod corev1.PodSpec) {
	t.Helper()
	c := pod.Containers[0]
	if c.StartupProbe == nil || c.LivenessProbe == nil || c.ReadinessProbe == nil {
		t.Fatal("a probe is missing")
	}
	for what, probe := range map[string]*corev1.Probe{"ping": c.LivenessProbe, "ready": c.ReadinessProbe} {
		if probe.Exec == nil || !slices.Equal(probe.Exec.Command, []string{"/execd", "--probe", what}) || probe.TimeoutSeconds <= 5 {
			t.Errorf("the probe %s is %+v", what, probe)
		}
	}
	for _, r := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory} {
		limit, request := c.Resources.Limits[r], c.Resources.Requests[r]
		if limit.IsZero() || request.IsZero() {
			t.Errorf("%s has no limit or no request", r)
		}
	}
	own, all := c.SecurityContext, pod.SecurityContext
	if own == nil || all == nil || *own.AllowPrivilegeEscalation || !*own.ReadOnlyRootFilesystem || *all.RunAsUser == 0 || !*all.RunAsNonRoot ||
		!slices.Equal(own.Capabilities.Drop, []corev1.Capability{"ALL"}) || all.SeccompProfile.Type != corev1.SeccompProfileTypeRuntimeDefault {
		t.Errorf("the security context is %+v, %+v", own, all)
	}
	if pod.AutomountServiceAccountToken == nil || *pod.AutomountServiceAccountToken {
		t.Error("the code that runs there gets the token of a service account")
	}
	grace, err := time.ParseDuration(variable(c, "EXECD_API_GRACE_SHUTDOWN"))
	if err != nil || time.Duration(*pod.TerminationGracePeriodSeconds)*time.Second < grace+3*time.Second {
		t.Errorf("the pod is killed after %d s, execd takes %v and 3 s: %v", *pod.TerminationGracePeriodSeconds, grace, err)
	}
	checkToken(t, pod)
	if len(c.Args)+len(c.Command) > 0 {
		t.Errorf("%q %q are flags that the probes do not know", c.Command, c.Args)
	}
}

// checkToken: the file of the token is in a mount of the secret.
func checkToken(t *testing.T, pod corev1.PodSpec) {
	t.Helper()
	c := pod.Containers[0]
	file := variable(c, "EXECD_ACCESS_TOKEN_FILE")
	for _, m := range c.VolumeMounts {
		if !strings.HasPrefix(file, m.MountPath+"/") {
			continue
		}
		for _, v := range pod.Volumes {
			if v.Name == m.Name && v.Secret != nil && *v.Secret.DefaultMode&0o007 == 0 && m.ReadOnly {
				return
			}
		}
	}
	t.Errorf("the token at %q is in no secret that others may not read", file)
}

func TestSandbox(t *testing.T) {
	t.Parallel()
	for _, folder := range []string{"sandbox", "gateway"} {
		all := built(t, folder)
		d := the[*appsv1.Deployment](t, all, "execd")
		checkPod(t, d.Spec.Template.Spec)
		pod := labels.Set(d.Spec.Template.Labels)
		if !labels.SelectorFromSet(d.Spec.Selector.MatchLabels).Matches(pod) {
			t.Error("the deployment does not select its own pods")
		}
		s := the[*corev1.Service](t, all, "execd")
		if !labels.SelectorFromSet(s.Spec.Selector).Matches(pod) || s.Spec.Ports[0].TargetPort.StrVal != d.Spec.Template.Spec.Containers[0].Ports[0].Name {
			t.Errorf("the service does not lead to the pod: %+v", s.Spec)
		}
		p := the[*networkingv1.NetworkPolicy](t, all, "execd")
		if !labels.SelectorFromSet(p.Spec.PodSelector.MatchLabels).Matches(pod) || len(p.Spec.PodSelector.MatchLabels) == 0 {
			t.Errorf("the policy is for %v", p.Spec.PodSelector)
		}
		if from := p.Spec.Ingress[0].From[0].PodSelector.MatchLabels; !reflect.DeepEqual(from, map[string]string{"execd-client": "true"}) {
			t.Errorf("clients are %v", from)
		}
	}
}

// The gateway's pods are reached by the sandbox, at the address and with the token that it has.
func TestGateway(t *testing.T) {
	t.Parallel()
	all := built(t, "gateway")
	sandbox := the[*appsv1.Deployment](t, all, "execd").Spec.Template.Spec.Containers[0]
	gateway := the[*appsv1.Deployment](t, all, "enterprise-gateway")
	service := the[*corev1.Service](t, all, "enterprise-gateway")
	if want := "http://" + service.Name + ":8888"; variable(sandbox, "JUPYTER_HOST") != want || service.Spec.Ports[0].Port != 8888 {
		t.Errorf("execd looks for %s, the service is %+v", variable(sandbox, "JUPYTER_HOST"), service.Spec.Ports)
	}
	if !labels.SelectorFromSet(service.Spec.Selector).Matches(labels.Set(gateway.Spec.Template.Labels)) {
		t.Error("the service does not lead to the gateway")
	}
	secrets := map[string]string{}
	for _, c := range []corev1.Container{sandbox, gateway.Spec.Template.Spec.Containers[0]} {
		for _, v := range c.Env {
			if v.ValueFrom != nil && v.ValueFrom.SecretKeyRef != nil {
				secrets[v.Name] = v.ValueFrom.SecretKeyRef.Name + "/" + v.ValueFrom.SecretKeyRef.Key
			}
		}
	}
	if secrets["JUPYTER_TOKEN"] == "" || secrets["JUPYTER_TOKEN"] != secrets["EG_AUTH_TOKEN"] {
		t.Errorf("the tokens are %v", secrets)
	}
	if variable(sandbox, "EXECD_ACCESS_TOKEN_FILE") == "" {
		t.Error("the patch has taken away what the sandbox has")
	}
}

// The pod of the template is that of the sandbox.
func TestAgentSandbox(t *testing.T) {
	t.Parallel()
	all := files(t, "agent-sandbox")
	template := the[*sandboxes.SandboxTemplate](t, all, "execd")
	claim := the[*sandboxes.SandboxClaim](t, all, "execd")
	if claim.Spec.TemplateRef.Name != template.Name {
		t.Errorf("the claim is for %q", claim.Spec.TemplateRef.Name)
	}
	pod := template.Spec.PodTemplate.Spec
	checkPod(t, pod)
	sandbox := the[*appsv1.Deployment](t, files(t, "sandbox"), "execd").Spec.Template.Spec
	pod.Containers[0].Image = regexp.MustCompile(`:.*`).ReplaceAllString(pod.Containers[0].Image, "")
	if !reflect.DeepEqual(pod, sandbox) {
		t.Errorf("the pod is another than that of the sandbox:\n%+v\n%+v", pod, sandbox)
	}
}
