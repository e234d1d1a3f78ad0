package main

// maxWarnings is how many warnings of a kind are printed.
const maxWarnings = 50

// warnEach warns of each text, but tells only the number of those after the
// first.
func (a *app) warnEach(about string, texts []string) {
	for i, text := range texts {
		if i == maxWarnings {
			a.warn("%s: and %d more", about, len(texts)-i)
			return
		}
		a.warn("%s: %s", about, text)
	}
}
