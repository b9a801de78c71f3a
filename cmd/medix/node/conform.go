package node

import "medixchange/federation/conform"

// examiner examines other servers at the administrator's wish.
func (n *Node) examiner() *conform.Examiner {
	options := conform.Options{Client: n.remote, ServerName: n.Config.ServerName, Fetch: n.remote.Fetch, Allows: n.allow}
	if n.Alliance != nil {
		options.Alliance = n.Alliance.Head().Alliance
	}
	return conform.New(options)
}
