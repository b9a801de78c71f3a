package rooms

// Snapshot is a room's current state as readers see it: immutable, published after each commit, cheap to take, never
// copied as a whole. What grows with the room (members, state) is shared between snapshots and read through methods.
type Snapshot struct {
	Position     int64 // of the newest change; everything at or before it is in the snapshot
	LastEvent    int64 // position of the newest event
	RoomID       string
	RoomNID      int64
	Version      string
	StateNID     int64
	ServersNID   int64
	Joined       int // members joined, invited
	Invited      int
	JoinRule     string
	Visibility   HistoryVisibility
	GuestAccess  string
	Encrypted    bool
	Creator      string
	RoomType     string
	BumpPosition int64
	Extremities  []int64
	Published    bool
	state        *stateView // state and members at this snapshot
}

// stateView is what a snapshot shares of state and members with the loop: persistent maps that no change touches.
type stateView struct{}
