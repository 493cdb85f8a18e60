// Command defaults prints what Kitex's own constructors set, as a JSON object: what the guide's table of defaults says of it.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/cloudwego/kitex/pkg/circuitbreak"
	"github.com/cloudwego/kitex/pkg/limit"
	"github.com/cloudwego/kitex/pkg/retry"
)

func main() {
	failure, backup, mixed := retry.NewFailurePolicy(), retry.NewBackupPolicy(1), retry.NewMixedPolicy(1)
	breaker := circuitbreak.GetDefaultCBConfig()
	limits := limit.Option{}
	defaults := map[string]string{
		"BreakerConfig::failure_rate":  fmt.Sprint(breaker.ErrRate),
		"BreakerConfig::min_samples":   fmt.Sprint(breaker.MinSample),
		"RetryPolicy::attempts":        fmt.Sprint(failure.StopPolicy.MaxRetryTimes + 1),
		"RetryPolicy::max_duration":    none(failure.StopPolicy.MaxDurationMS == 0),
		"RetryPolicy::back_off":        string(failure.BackOffPolicy.BackOffType),
		"RetryPolicy::chain_stop":      on(!failure.StopPolicy.DisableChainStop),
		"RetryPolicy::avoid_tried":     on(!failure.RetrySameNode),
		"Hedge::most":                  fmt.Sprint(backup.StopPolicy.MaxRetryTimes),
		"RetryPolicy::mixed":           fmt.Sprint(mixed.StopPolicy.MaxRetryTimes + 1),
		"RetryBudget::share":           fmt.Sprint(failure.StopPolicy.CBPolicy.ErrorRate),
		"RateConfig::rate":             none(limits.MaxQPS == 0) + ": no limit",
		"PeerLimitConfig::connections": none(limits.MaxConnections == 0) + ": no limit",
	}
	if err := json.NewEncoder(os.Stdout).Encode(defaults); err != nil {
		panic(err)
	}
}

func none(is bool) string {
	if is {
		return "none"
	}
	return "some"
}

func on(is bool) string {
	if is {
		return "on"
	}
	return "off"
}
