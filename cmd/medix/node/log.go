package node

import (
	"os"

	"github.com/sirupsen/logrus"

	"medixchange/internal/config"
)

// Logger returns the given logger, or one as the configuration says.
func Logger(c config.Log, given *logrus.Logger) *logrus.Entry {
	if given != nil {
		return logrus.NewEntry(given)
	}
	l := logrus.New()
	l.SetOutput(os.Stderr)
	if level, err := logrus.ParseLevel(c.Level); err == nil {
		l.SetLevel(level)
	}
	if c.Format == "json" {
		l.SetFormatter(&logrus.JSONFormatter{})
	} else {
		l.SetFormatter(&logrus.TextFormatter{FullTimestamp: true})
	}
	return logrus.NewEntry(l)
}
