package main

import (
	"context"
	"flag"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/adjointml/adjoint/internal/kernel"
)

var versionCommand = command{
	name: "version", arguments: "", does: "tell the version, and what the engine found on this machine",
	help: "It tells the module's version, Go's, the platform and which kernels run: avx512, avx2 or generic.",
	define: func(*flag.FlagSet) action {
		return func(_ context.Context, t *tool, arguments []string) error {
			if len(arguments) > 0 {
				return usage("unexpected argument %q", arguments[0])
			}
			v := map[string]string{"version": "unknown", "go": runtime.Version(), "platform": runtime.GOOS + "/" + runtime.GOARCH, "kernels": isa()}
			if info, ok := debug.ReadBuildInfo(); ok {
				v["version"] = info.Main.Version
				for _, s := range info.Settings {
					if s.Key == "vcs.revision" {
						v["revision"] = s.Value
					}
				}
			}
			return t.print(v, fmt.Sprintf("adjoint %s, %s, %s, %s kernels\n", v["version"], v["go"], v["platform"], v["kernels"]))
		}
	},
}

func isa() string { return kernel.ISA() }
