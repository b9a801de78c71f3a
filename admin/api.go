package admin

// User is an account as the administrator sees it.
type User struct {
	ID          string `json:"user_id"`
	CreatedTS   int64  `json:"created_ts"` // ms
	Admin       bool   `json:"admin"`
	Deactivated bool   `json:"deactivated"`
}

// NewUser asks for an account.
type NewUser struct {
	Localpart   string `json:"localpart"`
	Password    string `json:"password"` // "" makes one up
	DisplayName string `json:"display_name"`
	Admin       bool   `json:"admin"`
}

// Credentials answers a new account or password; Password is set only when it was made up here.
type Credentials struct {
	UserID   string `json:"user_id"`
	Password string `json:"password,omitempty"`
}

// NewPassword asks for another password of a user and ends their sessions unless told otherwise.
type NewPassword struct {
	Password     string `json:"password"` // "" makes one up
	KeepSessions bool   `json:"keep_sessions"`
}

// Deactivation ends an account for good.
type Deactivation struct {
	Erase  bool `json:"erase"`   // also hide the messages from those who join later
	DryRun bool `json:"dry_run"` // only say what would be done
}

// DeactivationResult says what a deactivation did or would do.
type DeactivationResult struct {
	UserID  string `json:"user_id"`
	Devices int    `json:"devices"`
	Rooms   int    `json:"rooms"`
	DryRun  bool   `json:"dry_run"`
}

// Token lets those who have it register.
type Token struct {
	Token       string `json:"token"`
	UsesAllowed int64  `json:"uses_allowed"` // 0: any number
	Completed   int64  `json:"completed"`
	ExpiresTS   int64  `json:"expires_ts"` // ms; 0: never
}

// Status is what the node says of itself.
type Status struct {
	ServerName string `json:"server_name"`
	Version    string `json:"version"`
	Position   int64  `json:"position"`
	UptimeMS   int64  `json:"uptime_ms"`
}
