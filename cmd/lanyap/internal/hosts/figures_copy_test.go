//go:build linux

package hosts

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"math/big"
	"net"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/lab"
)

// What the roles that copy over TLS are told.
const (
	copyAddr    = "LANYAP_HOSTS_COPY_ADDR"
	copyPath    = "LANYAP_HOSTS_COPY_PATH"
	copyCommand = "LANYAP_HOSTS_COPY_COMMAND" // its arguments, a line each; none: the path is a file
)

// copyBuffer is what gives such a copy its best rate.
const copyBuffer = 256 << 10

// role starts one side of such a copy, of a path or of what a command writes and
// reads.
func (h *haul) role(on *lab.Host, name, path string, command ...string) *lab.Process {
	bin, err := os.Executable()
	if err != nil {
		h.t.Fatal(err)
	}
	return h.with(on, []string{
		roleVariable + "=" + name, copyAddr + "=" + net.JoinHostPort(h.to.Addr.String(), "9555"),
		copyPath + "=" + path, copyCommand + "=" + strings.Join(command, "\n"),
	}, bin)
}

func copyConfig() (*tls.Config, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	return &tls.Config{
		Certificates:       []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}},
		InsecureSkipVerify: true, // it is about the speed
		MinVersion:         tls.VersionTLS13,
	}, nil
}

// shovel copies with that buffer and by no shorter way.
func shovel(to io.Writer, from io.Reader) error {
	_, err := io.CopyBuffer(struct{ io.Writer }{to}, struct{ io.Reader }{from}, make([]byte, copyBuffer))
	return err
}

func copyArgs() []string {
	if command := os.Getenv(copyCommand); command != "" {
		return strings.Split(command, "\n")
	}
	return nil
}

func playTLSReceiver(_ *bufio.Scanner, out *json.Encoder) error {
	config, err := copyConfig()
	if err != nil {
		return err
	}
	listener, err := tls.Listen("tcp", os.Getenv(copyAddr), config)
	if err != nil {
		return err
	}
	if err := out.Encode(report{Type: "ready", ID: "tls"}); err != nil {
		return err
	}
	conn, err := listener.Accept()
	if err != nil {
		return err
	}
	defer conn.Close()
	if args := copyArgs(); args != nil {
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Stdin, cmd.Stderr = struct{ io.Reader }{conn}, os.Stderr
		return cmd.Run()
	}
	file, err := os.Create(os.Getenv(copyPath))
	if err != nil {
		return err
	}
	if err := shovel(file, conn); err != nil {
		return err
	}
	return file.Close()
}

func playTLSSender(*bufio.Scanner, *json.Encoder) error {
	config, err := copyConfig()
	if err != nil {
		return err
	}
	conn, err := tls.Dial("tcp", os.Getenv(copyAddr), config)
	if err != nil {
		return err
	}
	if args := copyArgs(); args != nil {
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Stdout, cmd.Stderr = struct{ io.Writer }{conn}, os.Stderr
		if err := cmd.Run(); err != nil {
			return err
		}
		return conn.Close()
	}
	file, err := os.Open(os.Getenv(copyPath))
	if err != nil {
		return err
	}
	defer file.Close()
	if err := shovel(conn, file); err != nil {
		return err
	}
	return conn.Close()
}
