package main

import (
	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/pkg/rules"
	"github.com/calicoctl/calicoctl/pkg/store"
)

// What names mean in a text that was made at another time, perhaps on another
// host. Whoever applies it does not want to change what nobody has edited.

// lookUp finds out what the name of the profile and the tags mean. Of a name with
// a line "# network NAME is ID" that is known: the ID, with Docker and without.
func (a *application) lookUp(s *session, said []rules.Rule) (target, *tagNames, error) {
	if err := a.sameNetworks(s, said); err != nil {
		return target{}, nil, err
	}
	t, tags, err := s.lookUp(a.listing.Name, said, true)
	if err != nil {
		return target{}, nil, err
	}
	if id, known := a.listing.Networks[a.listing.Name]; known {
		t = s.byID(id)
	}
	for word := range tags.tags {
		if id, known := a.listing.Networks[word]; known {
			tags.tags[word] = s.byID(id)
		}
	}
	return t, tags, nil
}

// sameNetworks refuses a name that is another network's by now: whoever wrote a
// line of the text lately may mean that one.
func (a *application) sameNetworks(s *session, said []rules.Rule) error {
	words := []string{a.listing.Name}
	for _, r := range said {
		words = append(words, r.Tags()...)
	}
	for _, word := range words {
		id, known := a.listing.Networks[word]
		if !known {
			continue
		}
		network, found, err := s.networks.Find(word)
		switch {
		case err != nil:
			return store.Refusedf("%v, or --literal for that of the text, %s", err, id)
		case found && network.ID != id:
			return store.Refusedf("network %s is %s in the text, and Docker has another one of that name now, %s; "+
				"export again, or give --literal to mean that of the text", printable.Text(word), id, printable.Text(network.ID))
		}
	}
	return nil
}

// asStored refuses a word that the profile carries as it is, or one of its rules,
// and that would now become the ID of a network: nobody may have edited it since
// there was no such network.
func (a *application) asStored(p *store.Profile, said, resolved []rules.Rule) error {
	stored := map[string]bool{}
	for _, tag := range tagsIn(p) {
		stored[tag] = true
	}
	for i, r := range said {
		now := resolved[i].Tags()
		for n, word := range r.Tags() {
			if _, known := a.listing.Networks[word]; !known && stored[word] && now[n] != word {
				return store.Refusedf("profile %s has the tag %s, which is not that of the Docker network %s; "+
					"write %s for the network, or give --literal for the tag as it is stored", printable.Text(a.listing.Name), printable.Text(word), printable.Text(word), now[n])
			}
		}
	}
	return nil
}
