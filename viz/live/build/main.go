// Command build bundles the page of package live: the TypeScript and the style
// sheet in ../page become ../dist, which is committed, so nobody who uses the
// page needs this. With -check it writes nothing and fails if ../dist is not what
// it would write.
package main

import (
	"bytes"
	"flag"
	"log"
	"os"
	"path/filepath"

	"github.com/evanw/esbuild/pkg/api"
)

func main() {
	log.SetFlags(0)
	check := flag.Bool("check", false, "write nothing, and fail if the bundle is not fresh")
	flag.Parse()
	result := api.Build(api.BuildOptions{
		EntryPoints:       []string{"../page/app.ts", "../page/app.css"},
		Outdir:            "../dist",
		Bundle:            true,
		Format:            api.FormatESModule,
		Target:            api.ES2022,
		MinifySyntax:      true,
		MinifyWhitespace:  true,
		MinifyIdentifiers: true,
		Charset:           api.CharsetUTF8,
		LegalComments:     api.LegalCommentsNone,
		LogLevel:          api.LogLevelWarning,
	})
	if len(result.Errors) > 0 {
		log.Fatalf("%d mistakes in the page", len(result.Errors))
	}
	for _, f := range result.OutputFiles {
		if *check {
			if old, err := os.ReadFile(f.Path); err != nil || !bytes.Equal(old, f.Contents) {
				log.Fatalf("%s is not what ../page makes: run go generate ./viz/live", filepath.Base(f.Path))
			}
			continue
		}
		if err := os.WriteFile(f.Path, f.Contents, 0o666); err != nil {
			log.Fatal(err)
		}
	}
}
