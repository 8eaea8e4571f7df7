package measure

import (
	"bytes"
	"os"
	"slices"
	"strconv"
)

// median returns the middle of the numbers in x, which has at least one.
func median(x []float64) float64 {
	s := slices.Sorted(slices.Values(x))
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}

// Median returns the middle of the numbers in x, which has at least one.
func Median(x []float64) float64 { return median(x) }

// round keeps five digits.
func round(v float64) float64 {
	r, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 5, 64), 64)
	return r
}

// watch starts to watch the processors. What it returns tells the share of
// the machine that other processes have used since. It is 0 where the system
// has no /proc.
func watch() func() float64 {
	all0, idle0, own0 := cpuTimes()
	return func() float64 {
		all, idle, own := cpuTimes()
		return max(0, (all-all0-(idle-idle0)-(own-own0))/max(1, all-all0))
	}
}

// cpuTimes returns the time of all processors together, what they idled of it,
// and what this process used, in hundredths of a second.
func cpuTimes() (all, idle, own float64) {
	machine, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, 0, 0
	}
	line, _, _ := bytes.Cut(machine, []byte("\n"))
	for i, f := range bytes.Fields(line)[1:] { // user nice system idle iowait irq softirq steal, guests are in user
		if i == 8 {
			break
		}
		all += number(f)
		if i == 3 || i == 4 {
			idle += number(f)
		}
	}
	process, err := os.ReadFile("/proc/self/stat")
	if err != nil {
		return 0, 0, 0
	}
	// the name, in parentheses, may hold spaces
	fields := bytes.Fields(process[bytes.LastIndexByte(process, ')')+1:])
	return all, idle, number(fields[11]) + number(fields[12])
}

func number(b []byte) float64 {
	v, _ := strconv.ParseFloat(string(b), 64)
	return v
}
