package engine

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// googleReasons is where Google says what is wrong: v2 in errors, v3 in details.
type googleReasons struct {
	Error struct {
		Status string `json:"status"`
		Errors []struct {
			Reason string `json:"reason"`
		} `json:"errors"`
		Details []struct {
			Reason string `json:"reason"`
		} `json:"details"`
	} `json:"error"`
}

func (r googleReasons) all() []string {
	reasons := []string{r.Error.Status}
	for _, e := range r.Error.Errors {
		reasons = append(reasons, e.Reason)
	}
	for _, d := range r.Error.Details {
		reasons = append(reasons, d.Reason)
	}
	return reasons
}

// googleFault tells apart what Google answers with 403: a rate (wait a little), the quota of the day (wait long), and a
// key that is wrong or not allowed this. A wrong key is also told with 400.
func googleFault(status int, header http.Header, body []byte) error {
	var answer googleReasons
	_ = json.Unmarshal(body, &answer) // without a body the status decides
	for _, reason := range answer.all() {
		switch reason {
		case "rateLimitExceeded", "userRateLimitExceeded", "RATE_LIMIT_EXCEEDED":
			return later(header, fmt.Errorf("%w: %s", ErrBusy, reason))
		case "dailyLimitExceeded", "dailyLimitExceededUnreg", "quotaExceeded", "limitExceeded", "billingNotEnabled":
			return usedUp(reason)
		case "API_KEY_INVALID", "keyInvalid", "keyExpired", "forbidden", "accessNotConfigured", "SERVICE_DISABLED":
			return fmt.Errorf("%w: %s", ErrKey, reason)
		}
	}
	if named := plainCode(status, answer.Error.Status); named != "" {
		return fmt.Errorf("%w, %s", statusFault(status, header), named)
	}
	return statusFault(status, header)
}

// googlePairs are the languages of a glossary.
type googlePairs struct{ have coverage }

// UnmarshalJSON reads a glossary: one pair, or a set of languages each with each.
func (p *googlePairs) UnmarshalJSON(body []byte) error {
	var answer struct {
		Pair *struct {
			From string `json:"sourceLanguageCode"`
			Into string `json:"targetLanguageCode"`
		} `json:"languagePair"`
		Set *struct {
			Codes []string `json:"languageCodes"`
		} `json:"languageCodesSet"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return err
	}
	switch {
	case answer.Pair != nil:
		p.have = func(from, into string) bool {
			return primary(from) == primary(answer.Pair.From) && primary(into) == primary(answer.Pair.Into)
		}
	case answer.Set != nil:
		set := map[string]bool{}
		for _, c := range answer.Set.Codes {
			set[primary(c)] = true
		}
		p.have = func(from, into string) bool { return set[primary(from)] && set[primary(into)] }
	default:
		return errNoText
	}
	return nil
}
