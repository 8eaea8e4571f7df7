// Command gorgonia measures Gorgonia on the workloads that it can do: all but
// those of transformers and batch norm, and without the backward passes of a
// convolution and of a layer norm by themselves. Dense labels take the place of
// class numbers, which it cannot gather by, and gelu is the one by tanh, for it
// has no erf.
package main

import (
	"flag"
	"log"
	"os"

	"github.com/adjointml/adjoint/bench/measure"
)

var workloads = []measure.Workload{
	{Name: "W1", Cases: seedNetwork},
	{Name: "W2", Cases: digitsNetwork},
	{Name: "W3", Cases: lenet},
	{Name: "W4", Cases: characterLSTM},
	{Name: "M1", Cases: matmul},
	{Name: "M2", Cases: gelu},
	{Name: "M3", Cases: softmaxRows},
	{Name: "M4", Cases: convolve3},
	{Name: "M5", Cases: chain},
	{Name: "L1", Cases: lossRows},
	{Name: "L3", Cases: smallLoss},
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("gorgonia: ")
	o := measure.Flags()
	flag.Parse()
	if err := measure.Run(os.Stdout, "gorgonia", *o, workloads, flag.Args()...); err != nil {
		log.Fatal(err)
	}
}
