// Package push delivers notifications to push gateways (Push Gateway API): one guarded HTTP client, and for each pusher a
// queue that keeps its order, waits longer after each failure, and gives up what is too old.
//
// It knows nothing of rooms, rules or users: what is to be told is an [Item], and a [Source] makes a [Notification] of it
// when its turn comes. Nothing here is durable; whoever adds items keeps places, see [Sender.Waiting].
//
// May import: internal/netguard. Start reading at sender.go, then client.go.
package push
