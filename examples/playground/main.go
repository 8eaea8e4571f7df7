// Command playground prints the address of a page on this machine in which small
// networks learn points of the plane: choose the data, the layers and the
// optimizer, and watch what each unit sees. All of it runs on the engine of this
// project; the page only draws.
package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"

	"github.com/adjointml/adjoint/viz/live"
)

func main() {
	log.SetFlags(0)
	addr := flag.String("addr", "", "loopback address and port, such as 127.0.0.1:8080; a free port if empty")
	open := flag.String("open", "", "file that the page has saved, to begin with")
	flag.Parse()
	server, err := live.Serve(live.Options{Addr: *addr, Saved: *open})
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	interrupt := make(chan os.Signal, 1)
	signal.Notify(interrupt, os.Interrupt) // before the address is known: who knows it may interrupt
	fmt.Println("playground:", server.URL)
	fmt.Println("Open it in a browser; ctrl-c ends it.")
	<-interrupt
}
