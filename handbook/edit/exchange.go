package edit

func exportFile(q *request) { q.trouble(404, "not_found") }
func importPage(q *request) { q.trouble(404, "not_found") }
func importFile(q *request) { q.trouble(404, "not_found") }
