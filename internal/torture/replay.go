package torture

// replay goes through the versions of the profile in their order: each must be
// the effect of exactly one operation on the version before, and every
// operation that was done must have made the version that it reports.
func (c *checker) replay() {
	claims := map[int64][]*Op{}
	for _, o := range c.Ops {
		if o.Outcome == Done && o.Kind != Read {
			claims[o.Revision] = append(claims[o.Revision], o)
		}
	}
	unknown := c.unknownByVersion()
	var unclaimed []int
	for i := 1; i < len(c.Versions); i++ {
		revision := c.Versions[i].Revision
		switch claimants := claims[revision]; {
		case len(claimants) > 0:
			c.claimed(i, claimants)
		case !c.settle(i, unknown[i]):
			unclaimed = append(unclaimed, i)
		}
		delete(claims, revision)
		if c.locked(revision - 1) {
			c.found(WhileLocked, c.writer[i], revision, "the datastore was locked")
		}
	}
	for _, i := range unclaimed {
		c.blame(i)
	}
	for revision, claimants := range claims {
		for _, o := range claimants {
			c.found(NotThere, o, revision, "the profile was not changed at this revision")
		}
	}
}

// unknownByVersion returns for each version the operations of unknown outcome
// that may have made it. A write is conditional on the profile being as it was
// last seen, so this is the first version after that, and no other.
func (c *checker) unknownByVersion() map[int][]*Op {
	candidates := map[int][]*Op{}
	for _, o := range c.Ops {
		if o.Outcome == Unknown && o.Looks > 0 {
			i := c.version(o.Last.Revision) + 1
			candidates[i] = append(candidates[i], o)
		}
	}
	return candidates
}

// settle looks for the operation of unknown outcome that made a version that
// nobody reports.
func (c *checker) settle(i int, candidates []*Op) bool {
	for _, o := range candidates {
		if fail, _ := c.explains(o, i); fail == "" {
			c.writer[i] = o
			c.Saved[o] = c.Versions[i].Revision
			return true
		}
	}
	return false
}

// claimed checks the operations that report a version.
func (c *checker) claimed(i int, claimants []*Op) {
	for _, o := range claimants {
		fail, text := c.explains(o, i)
		switch {
		case fail != "":
			c.found(fail, o, o.Revision, "%s\nbefore:\n%s\nafter:\n%s", text, c.Versions[i-1].State, c.Versions[i].State)
		case c.writer[i] == nil:
			c.writer[i] = o
		case c.twin(c.writer[i], o):
			c.twins[o] = true
		default:
			c.found(TwoClaims, o, o.Revision, "so does %s", c.writer[i])
		}
	}
	if c.writer[i] == nil {
		c.writer[i] = claimants[0]
	}
}

// twin reports whether two operations made the very same bytes of the very same
// version. When one of them then loses the answer, it cannot be known which of
// the two was saved, and it does not matter: both have what they asked for.
func (c *checker) twin(one, other *Op) bool {
	return !one.Unique && !other.Unique && one.After == other.After && one.Last.Modified == other.Last.Modified
}

// explains says why a version is not what an operation makes of the version
// before; nothing if it is.
func (c *checker) explains(o *Op, i int) (fail Fail, text string) {
	before, after := c.Versions[i-1], c.Versions[i]
	made, refusal := c.book.next(o, before.State)
	switch {
	case o.Outcome == Done && o.After != after.State:
		return WrongReport, "reported was:\n" + o.After.String()
	case o.Last.Modified != before.Revision:
		return Lost, "it had not seen the version before"
	case refusal != NoRefusal:
		return WrongEffect, "it should have been refused: " + string(refusal)
	case made != after.State:
		return WrongEffect, "it should have made:\n" + made.String()
	case o.Kind == Update && o.First.Modified != before.Revision:
		return Lost, "it replaces what it had not seen at first"
	case o.IfRevision != 0 && o.IfRevision != before.Revision:
		return WrongEffect, "the profile was not at the revision that it asks for"
	}
	return "", ""
}

// blame finds out whose version it is that nobody reports.
func (c *checker) blame(i int) {
	before, after := c.Versions[i-1].State, c.Versions[i].State
	revision := c.Versions[i].Revision
	for _, o := range c.Ops {
		if o.Kind == Read || o.Looks == 0 {
			continue
		}
		if made, _ := c.book.next(o, before); made != after {
			continue
		}
		switch _, saved := c.Saved[o]; {
		case saved || o.Outcome == Done && o.Unique:
			c.found(Twice, o, revision, "the second time")
			return
		case o.Outcome != Done && o.Outcome != Unknown && o.Last.Revision < revision && c.version(o.Last.Revision) == i-1:
			c.found(Denied, o, revision, "it says that nothing was written")
			return
		}
	}
	c.found(Nobodys, nil, revision, "before:\n%s\nafter:\n%s", before, after)
}
