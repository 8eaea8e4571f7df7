package examples

import (
	"bufio"
	"io"
	"net/http"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// testPlayground opens the page whose address is printed, and interrupts the
// program.
func testPlayground(t *testing.T, dir string) {
	cmd := command(dir, "playground")
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	defer func() { _ = cmd.Process.Kill() }()
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	address, ok := strings.CutPrefix(strings.TrimSpace(line), "playground: ")
	require.True(t, ok, line)
	answer, err := http.Get(address)
	require.NoError(t, err)
	page, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	assert.Equal(t, http.StatusOK, answer.StatusCode)
	assert.Contains(t, string(page), `data-page="playground"`)
	if runtime.GOOS != "windows" { // where a program cannot be interrupted
		require.NoError(t, cmd.Process.Signal(os.Interrupt))
		assert.NoError(t, cmd.Wait())
	}

	bad, err := command(dir, "playground", "-addr", "0.0.0.0:0").CombinedOutput()
	assert.Error(t, err)
	assert.Contains(t, string(bad), "0.0.0.0:0 is no loopback address")
}
