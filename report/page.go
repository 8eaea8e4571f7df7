package report

import (
	_ "embed"
	"html/template"
)

//go:embed page.html
var pageText string

// page is the template of report.html.
var page = template.Must(template.New("page").Parse(pageText))
