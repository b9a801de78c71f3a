// Package reach counts how much this hospital takes part in its alliance, and adds up what other members say of themselves:
// users, who of them were active, rooms shared with others, messages into those, languages. It keeps sums by day and nothing
// of whom, where or what; no number leaves it that is not coarse (Count). What it counted is told to admitted members only,
// and only if the administrator shares it.
package reach
