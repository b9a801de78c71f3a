package appservice

import (
	"fmt"
	"testing"

	"medixchange/translator/language"
	"medixchange/translator/replies"
)

// TestWhoAsksTooMuchIsToldSoAndOthersAreAnswered: members of other servers may ask, too.
func TestWhoAsksTooMuchIsToldSoAndOthersAreAnswered(t *testing.T) {
	w := newReaderBeside(t)
	var asked []object
	for range 3 * replies.CommandBurst {
		asked = append(asked, w.said("@mallory:evil.example", "!languages"))
	}
	w.push("many", asked...)
	w.hs.waitSaid(language.Say("en", "error_wait", "count", "2"))
	w.push("one", w.said("@bo:b.example", "!help"))
	w.hs.waitSaid(language.Say("es", "help_intro"))
	for i := range 2 * replies.CommandBurst { // it is told once
		if said := w.hs.count(language.Say("en", "error_wait", "count", fmt.Sprint(i))); said > 1 {
			t.Fatalf("told %d times to wait for %d s", said, i)
		}
	}
}

// TestACommandThatFailsIsAnsweredOnce: nothing waits until its server is well again.
func TestACommandThatFailsIsAnsweredOnce(t *testing.T) {
	w := newReaderBeside(t)
	w.hs.set(func() { w.hs.broken = "/state/m.room.power_levels" })
	command := w.said("@ana:b.example", "!translation off")
	w.push("off", command, w.said("@ana:b.example", "after it"))
	w.hs.waitSaid(language.String("en", "error_failed"))
	w.hs.waitSaid("es after it")
}

// TestAGreetingThatTellsWhoReadsIsNotRepeatedWithTheFirstMessage: so it was after the bot had been sent away and invited again.
func TestAGreetingThatTellsWhoReadsIsNotRepeatedWithTheFirstMessage(t *testing.T) {
	w := newReaderBeside(t)
	w.push("away", w.event("@ana:b.example", "m.room.member", object{"membership": "leave"}, object{"state_key": bot}))
	w.push("again", w.event("@ana:b.example", "m.room.member", object{"membership": "invite"}, object{"state_key": bot}))
	counted := language.Say("en", "readers_here", "count", "1", "languages", language.Code("es").Name("en"))
	w.hs.waitSaid(counted)
	for _, text := range []string{"first", "second"} { // what is told with the first message comes before the second is answered
		w.push(text, w.said("@ana:b.example", text))
		w.hs.waitSaid("es " + text)
	}
	if said := w.hs.count(language.Say("es", "readers_here", "count", "1", "languages", language.Code("es").Name("es"))); said > 0 {
		t.Fatal("the room was told twice who reads translations")
	}
}
