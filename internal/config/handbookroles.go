package config

import (
	"fmt"
	"slices"
	"strings"

	xlanguage "golang.org/x/text/language"
)

// HandbookRole is somebody who works on the handbook.
type HandbookRole struct {
	User string `yaml:"user"` // a name of this server, or a whole user id of it
	// Languages are those that the role is for; empty for all.
	Languages []string `yaml:"languages"`
}

// UserID is the whole id of the user.
func (r HandbookRole) UserID(serverName string) string {
	if strings.HasPrefix(r.User, "@") {
		return r.User
	}
	return "@" + r.User + ":" + serverName
}

func (c *Config) validateHandbookRoles(k *checker) {
	for _, list := range []struct {
		key   string
		roles []HandbookRole
	}{{"editors", c.Handbook.Editors}, {"reviewers", c.Handbook.Reviewers}, {"publishers", c.Handbook.Publishers}} {
		var seen []string
		for i, role := range list.roles {
			path := fmt.Sprintf("handbook.%s[%d]", list.key, i)
			id := role.UserID(c.ServerName)
			name, server, whole := strings.Cut(strings.TrimPrefix(id, "@"), ":")
			k.check(localpart().MatchString(name) && whole && server == c.ServerName, path+".user",
				"%q is no user of this server; write a name such as ana", role.User)
			k.check(!slices.Contains(seen, id), path+".user", "%q stands there twice; write all languages in one place", role.User)
			seen = append(seen, id)
			for _, tag := range role.Languages {
				parsed, err := xlanguage.Parse(tag)
				k.check(err == nil && parsed.String() == tag, path+".languages", "%q is no language; write tags such as fr or zh-Hant", tag)
			}
		}
	}
}
