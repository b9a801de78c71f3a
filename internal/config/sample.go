package config

import (
	_ "embed"
	"strings"
)

//go:embed sample.yaml
var sample string

// Sample returns a commented configuration file that names every key with its default: the manual of the
// configuration.
func Sample() string { return sample }

// SampleFor is Sample with the server name filled in.
func SampleFor(serverName string) string {
	return strings.Replace(sample, "server_name: hospital-a.example", "server_name: "+serverName, 1)
}
