//go:build unix

package main

import (
	"slices"

	"github.com/calicoctl/calicoctl/tools/bench/plan"
)

// quantile returns the value below which a part of the values lies, that
// nearest to it; 0 without values.
func quantile[T int64 | float64](values []T, part float64) T {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[int(part*float64(len(sorted)-1)+0.5)]
}

func median[T int64 | float64](values []T) T { return quantile(values, 0.5) }

// each returns one number of every sample.
func each(samples []plan.Sample, of func(plan.Sample) int64) []int64 {
	values := make([]int64, len(samples))
	for i, s := range samples {
		values[i] = of(s)
	}
	return values
}

// ratios returns what each run took of what its floor took in the same round,
// so that it matters little if the machine was busy for a while.
func ratios(samples, floor []plan.Sample) []float64 {
	list := make([]float64, min(len(samples), len(floor)))
	for i := range list {
		list[i] = float64(samples[i].Wall) / float64(floor[i].Wall)
	}
	return list
}
