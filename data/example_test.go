package data_test

import (
	"fmt"
	"log"
	"strings"

	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/data"
)

func ExampleOf() {
	x := tensor.New(tensor.WithShape(5, 2), tensor.WithBacking([]float32{0, 0, 1, 10, 2, 20, 3, 30, 4, 40}))
	y := tensor.New(tensor.WithShape(5), tensor.WithBacking([]int64{0, 1, 0, 1, 0}))
	points, err := data.Of(x, y)
	if err != nil {
		log.Fatal(err)
	}
	for batch, err := range points.Batches(2) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(batch[0].Float32s(), batch[1].Int64s())
	}
	// Output:
	// [0 0 1 10] [0 1]
	// [2 20 3 30] [0 1]
	// [4 40] [0]
}

func ExampleArrays_Split() {
	train, test := data.Digits(100, 1).Shuffle(2).Split(0.8)
	fmt.Println(train.Len(), test.Len())
	// Output: 80 20
}

func ExampleReadCSV() {
	const file = `length,width,species
5.1,3.5,setosa
7.0,3.2,versicolor
4.9,,setosa
`
	table, err := data.ReadCSV(strings.NewReader(file), data.CSV{Missing: data.DropMissing})
	if err != nil {
		log.Fatal(err)
	}
	x, err := table.Floats("length", "width")
	if err != nil {
		log.Fatal(err)
	}
	y, classes, err := table.Classes("species")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(x.Shape(), x.Float32s())
	fmt.Println(y.Int64s(), classes)
	// Output:
	// (2, 2) [5.1 3.5 7 3.2]
	// [0 1] [setosa versicolor]
}

func ExampleDigits() {
	all := data.Digits(1200, 1)
	test, train := all.Rows(0, 200), all.Rows(200, all.Len())
	for batch, err := range train.Shuffle(1).Batches(64) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(batch[0].Shape(), batch[1].Shape())
		break
	}
	fmt.Println(train.Len(), test.Len())
	// Output:
	// (64, 28, 28) (64)
	// 1000 200
}
