// Command gomlx measures GoMLX, on its back end in Go, on the workloads of dense
// networks and single kernels. That back end lacks what the gradient of a
// convolution needs. The command is a module of its own, for GoMLX and Gorgonia
// want different versions of what both use.
package main

import (
	"flag"
	"log"
	"os"

	"github.com/gomlx/gomlx/backends"
	_ "github.com/gomlx/gomlx/backends/simplego"

	"github.com/adjointml/adjoint/bench/measure"
)

var workloads = []measure.Workload{
	{Name: "W1", Cases: seedNetwork},
	{Name: "W2", Cases: digitsNetwork},
	{Name: "M1", Cases: matmul},
	{Name: "M2", Cases: gelu},
	{Name: "M3", Cases: softmaxRows},
	{Name: "M4", Cases: convolve3},
	{Name: "M5", Cases: chain},
	{Name: "L1", Cases: lossRows},
	{Name: "L2", Cases: layerNormRows},
	{Name: "L3", Cases: smallLoss},
}

var backend backends.Backend

func main() {
	log.SetFlags(0)
	log.SetPrefix("gomlx: ")
	o := measure.Flags()
	flag.Parse()
	var err error
	if backend, err = backends.NewWithConfig("go"); err != nil {
		log.Fatal(err)
	}
	if err := measure.Run(os.Stdout, "gomlx", *o, workloads, flag.Args()...); err != nil {
		log.Fatal(err)
	}
}
