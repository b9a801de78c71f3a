// Package media is the content repository: files that users upload, files of other servers that are cached, and
// thumbnails of both.
//
// It imports internal/sqldb and internal/web; the HTTP endpoints are in clientapi and federation, and federation
// implements Remote. A file is durable before its row is written, and the row is the acknowledgement: whoever got an
// mxc URI has the file.
//
// Start reading at Store.
package media
