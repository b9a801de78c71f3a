// Package resolve decides which events a room allows (event authorisation) and which state holds where forks of a room's
// history meet (state resolution), for room versions 1 to 12.
package resolve
