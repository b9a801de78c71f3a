package config

import (
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"medixchange/internal/pattern"
)

var (
	localpart    = pattern.Lazy(`^[a-z0-9._=/+-]{1,100}$`)
	language     = pattern.Lazy(`^[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*$`)
	hostName     = pattern.Lazy(`^[0-9A-Za-z._:-]+$`)
	languagePair = pattern.Lazy(`(?i)^(?:[a-z]{2,3}(?:-[a-z0-9]{2,8})*|\*)-(?:[a-z]{2,3}(?:-[a-z0-9]{2,8})*|\*)$`)
)

func (c *Config) validateTranslator(k *checker) {
	t := c.Translator
	t.Records.validate(k)
	k.check(localpart().MatchString(t.BotLocalpart), "translator.bot_localpart", "%q is not a user name; write small letters, digits and ._=/+-", t.BotLocalpart)
	for i, l := range t.Languages {
		k.check(language().MatchString(l), fmt.Sprintf("translator.languages[%d]", i), "%q is not a language code; write for example en, es or zh", l)
	}
	k.check(slices.Contains(t.Languages, t.DefaultLanguage), "translator.default_language",
		"%q is not one of translator.languages", t.DefaultLanguage)
	k.check(t.HoldBudget.Std().Seconds() <= 10, "translator.hold_budget", "would keep messages back too long; write 10s or less, 0s to never hold")
	k.check(t.Cache.Memory > 0 && t.Cache.MaxRows > 0 && t.Cache.MaxAge > 0, "translator.cache", "memory, max_rows and max_age must be more than 0")
	for i, b := range t.ClinicalBots {
		k.check(strings.HasPrefix(b, "@") && strings.Contains(b, ":"), fmt.Sprintf("translator.clinical_bots[%d]", i), "%q is not a user id such as @lab:hospital-a.example", b)
	}
	for i, h := range t.AllowExternal {
		k.check(hostName().MatchString(h), fmt.Sprintf("translator.allow_external[%d]", i), "%q is not a host; write a name or an address alone, such as api.deepl.com, without https:// and port", h)
	}
	t.validateIdentifiers(k)
	k.check(t.Encrypted.LeaveAfter >= 0, "translator.encrypted.leave_after", "must not be negative")
	k.check(t.Encrypted.KeyWait > 0, "translator.encrypted.key_wait", "must be a time")
	k.check(!t.Encrypted.Enabled || t.Encrypted.KeyFile != "", "translator.encrypted.key_file", "must name a file")
	k.check(t.Seal.Renderings, "translator.seal.renderings", "is no choice any more: translations are always sealed; remove the line")
	k.check(!t.Enabled || t.Seal.KeyFile != "", "translator.seal.key_file", "must name a file")
	c.validateTranscription(k)
	for i, e := range t.Engines {
		c.validateEngine(k, e, fmt.Sprintf("translator.engines[%d]", i))
	}
}

func (t Translator) validateIdentifiers(k *checker) {
	k.oneOf(t.Identifiers.Action, []string{"off", "warn", "hold"}, "translator.identifiers.action")
	for i, h := range t.Identifiers.OwnHosts {
		k.check(slices.ContainsFunc(t.AllowExternal, func(allowed string) bool { return strings.EqualFold(allowed, h) }),
			fmt.Sprintf("translator.identifiers.own_hosts[%d]", i), "%q is not one of translator.allow_external", h)
	}
}

func (c *Config) validateTranscription(k *checker) {
	t := c.Translator.Transcription
	const path = "translator.transcription"
	k.check(t.MaxSize > 0, path+".max_size", "must be more than 0; write for example 20MB")
	k.check(t.Timeout > 0 && t.Timeout.Std().Seconds() <= 50, path+".timeout", "write a duration up to 50s: after a minute readers are told that there is no text")
	k.between(t.Concurrent, 1, 64, path+".concurrent")
	for i, tag := range t.Languages {
		k.check(language().MatchString(tag), fmt.Sprintf("%s.languages[%d]", path, i), "%q is not a language code; write for example en, es or zh", tag)
	}
	if t.URL == "" {
		return
	}
	k.check(t.Model != "", path+".model", "is missing: what the server calls the model, see its /v1/models")
	k.httpURL(t.URL, path+".url")
	if u, err := url.Parse(t.URL); err == nil && u.Hostname() != "" {
		host := u.Hostname()
		k.check(c.Translator.HostAllowed(host), path+".url", "recordings would leave this machine to %s; if that is meant, add %q to translator.allow_external", host, host)
	}
}

// engineKeys says which keys an engine type has beside those that all have: true for those it cannot do without.
var engineKeys = map[string]map[string]bool{
	"phrases":        {},
	"apertium":       {},
	"libretranslate": {"url": true, "api_key": false},
	"deepl":          {"url": true, "api_key": true, "glossary": false, "variants": false},
	"azure":          {"url": true, "api_key": true, "region": false, "variants": false},
	"google":         {"url": true, "api_key": true, "glossary": false, "variants": false},
	"openai":         {"url": true, "api_key": false, "model": true, "languages": true, "variants": false},
}

// EngineTypes are the types of engines, in the order of the documentation.
var EngineTypes = []string{"phrases", "apertium", "libretranslate", "deepl", "azure", "google", "openai"}

// engineURLs are examples, which for the services of others are also what their url mostly is.
var engineURLs = map[string]string{
	"libretranslate": "http://127.0.0.1:5000", "openai": "http://127.0.0.1:8000", "deepl": "https://api.deepl.com",
	"azure": "https://api.cognitive.microsofttranslator.com", "google": "https://translation.googleapis.com",
}

func (c *Config) validateEngine(k *checker, e Engine, path string) {
	k.oneOf(e.Type, EngineTypes, path+".type")
	k.check(e.Timeout > 0 && e.Timeout.Std().Minutes() <= 5, path+".timeout", "write a duration up to 5m, for example 5s")
	k.between(e.Concurrent, 1, 64, path+".concurrent")
	for i, p := range e.Pairs {
		k.check(languagePair().MatchString(p), fmt.Sprintf("%s.pairs[%d]", path, i), "%q is not a pair; write source-target, for example en-es, or *-es", p)
	}
	keys, known := engineKeys[e.Type]
	if !known {
		return
	}
	e.validateKeys(k, keys, path)
	for name, list := range map[string][]string{"languages": e.Languages, "variants": e.Variants} {
		for i, tag := range list {
			k.check(language().MatchString(tag), fmt.Sprintf("%s.%s[%d]", path, name, i), "%q is not a language code; write for example en, es or pt-PT", tag)
		}
	}
	if e.URL != "" {
		c.validateEngineURL(k, e, path+".url")
	}
}

// validateKeys asks for the keys that the type needs and refuses those that mean nothing to it.
func (e Engine) validateKeys(k *checker, keys map[string]bool, path string) {
	set := map[string]bool{
		"url": e.URL != "", "api_key": e.APIKey != "", "region": e.Region != "", "glossary": e.Glossary != "",
		"model": e.Model != "", "languages": len(e.Languages) > 0, "variants": len(e.Variants) > 0,
	}
	for _, key := range []string{"url", "api_key", "region", "glossary", "model", "languages", "variants"} {
		needed, belongs := keys[key]
		k.check(belongs || !set[key], path+"."+key, "means nothing for engines of type %s; remove it", e.Type)
		k.check(!needed || set[key], path+"."+key, "is missing, engines of type %s need it%s", e.Type, hint(key, e.Type))
	}
	k.check(e.Type != "openai" || len(e.Languages) != 1, path+".languages", "one language is not enough to translate; write those among which the model translates")
}

// hint says what a missing key may be.
func hint(key, kind string) string {
	switch key {
	case "url":
		return "; write for example " + engineURLs[kind]
	case "api_key":
		return "; better in a file that api_key_file names"
	case "model":
		return ": what the server calls the model, see its /v1/models"
	case "languages":
		return ": those among which the model translates, for example [en, es, fr]"
	}
	return ""
}

func (c *Config) validateEngineURL(k *checker, e Engine, path string) {
	k.httpURL(e.URL, path)
	u, err := url.Parse(e.URL)
	if err != nil || u.Hostname() == "" {
		return
	}
	host := u.Hostname()
	k.check(c.Translator.HostAllowed(host), path, "texts would leave this machine to %s; if that is meant, add %q to translator.allow_external", host, host)
	k.check(u.Scheme == "https" || e.Type == "libretranslate" || e.Type == "openai" || OwnMachine(host), path,
		"the key and the texts would go to %s in the clear; write https", host)
}

// OwnMachine reports whether a host is this machine, whatever names the network knows.
func OwnMachine(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

// HostAllowed reports whether texts may be sent to host: this machine, or one that allow_external names.
func (t Translator) HostAllowed(host string) bool {
	if OwnMachine(host) {
		return true
	}
	return slices.ContainsFunc(t.AllowExternal, func(h string) bool { return strings.EqualFold(h, host) })
}

// Outside reports whether a host is not one of the hospital's own: neither this machine nor one of identifiers.own_hosts.
func (t Translator) Outside(host string) bool {
	return !OwnMachine(host) && !slices.ContainsFunc(t.Identifiers.OwnHosts, func(h string) bool { return strings.EqualFold(h, host) })
}

// Networks lists where a host that is allowed may be though it is not public: on this machine if it is this machine, at
// the very address that was named, or in the networks of allow_private.
func (t Translator) Networks(host string) []netip.Prefix {
	networks := slices.Clone(t.AllowPrivate)
	if OwnMachine(host) {
		networks = append(networks, prefixes("127.0.0.0/8", "::1/128")...)
	}
	if addr, err := netip.ParseAddr(host); err == nil {
		addr = addr.Unmap().WithZone("")
		networks = append(networks, netip.PrefixFrom(addr, addr.BitLen()))
	}
	return networks
}

func (e *Engine) setDefaults() {
	e.Timeout, e.Concurrent = defaultEngineTimeout, 2
}
