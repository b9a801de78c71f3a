package rooms

// PublicRoomsQuery asks for a page of the published rooms.
type PublicRoomsQuery struct {
	Search    string   // "" all; folded, anywhere in name, topic and canonical alias
	RoomTypes []string // nil all; "" stands for rooms without a type
	Limit     int      // 0: the default
	Since     string   // Next or Prev of another page
}

// PublicRoomsPage is a page of the published rooms, most joined members first.
type PublicRoomsPage struct {
	Chunk []*RoomSummary `json:"chunk"`
	Next  string         `json:"next_batch,omitempty"`
	Prev  string         `json:"prev_batch,omitempty"`
	Total int            `json:"total_room_count_estimate"`
}
