package resolve

type graph struct{ nodes map[int64]*node }

type node struct{ nid int64 }

func newGraph() *graph { return &graph{nodes: map[int64]*node{}} }
