package main

import (
	"context"
	"time"

	"execd/metrics/telemetry"
)

// startTelemetry starts what the environment says of OpenTelemetry. What
// cannot start is worth a warning: the daemon does its work without.
func (d *daemon) startTelemetry() {
	var err error
	d.telemetry, err = telemetry.Start(telemetry.Config{Version: version, Report: d.reportTelemetry})
	if err != nil {
		d.log.Warn().Err(err).Msg("telemetry is off, or a part of it")
	}
}

// reportTelemetry tells when a collector begins to fail, and when it is well
// again.
func (d *daemon) reportTelemetry(signal string, err error) {
	if err != nil {
		d.log.Warn().Err(err).Str("signal", signal).Msg("telemetry is not sent")
		return
	}
	d.log.Info().Str("signal", signal).Msg("telemetry is sent again")
}

// lastTelemetry is what a collector has to take what is left: it must not
// hold up the end of the daemon.
const lastTelemetry = time.Second

func (d *daemon) stopTelemetry() {
	ctx, cancel := context.WithTimeout(context.Background(), lastTelemetry)
	defer cancel()
	_ = d.telemetry.Shutdown(ctx) // which was reported
}
