// Package approvals keeps what a hospital's reviewers say of the phrases that come with the program: who approved a phrase in a
// language, in which words, and who took that back. The history is only added to. What the reviewers say is in force at once
// ([Book.Approved]); it is lost for words that the program changes, since an approval is for a hash of them.
package approvals
