package torture

// checkSights compares everything that was seen with what stood there then.
func (c *checker) checkSights() {
	for _, o := range c.Ops {
		if o.Outcome == Unexpected {
			c.found(Mystery, o, 0, "%s", o.Error)
		}
		if o.Looks > 0 {
			c.checkSight(o, o.First)
		}
		if o.Looks > 1 {
			c.checkSight(o, o.Last)
		}
		if o.Looks > 1 && o.Last.Revision < o.First.Revision {
			c.found(Stale, o, o.Last.Revision, "seen after revision %d", o.First.Revision)
		}
	}
}

func (c *checker) checkSight(o *Op, s Sight) {
	i := c.version(s.Revision)
	if i < 0 {
		c.found(WrongRead, o, s.Revision, "the profile was not there yet")
		return
	}
	if v := c.Versions[i]; v.State != s.State || v.Revision != s.Modified {
		c.found(WrongRead, o, s.Revision, "read as of revision %d:\n%s\nthere was, as of revision %d:\n%s",
			s.Modified, s.State, v.Revision, v.State)
	}
}

// checkRefusals checks that what was refused, or had nothing to do, was so at
// what it last saw.
func (c *checker) checkRefusals() {
	for _, o := range c.Ops {
		switch o.Outcome {
		case Nothing, Refused:
			c.checkRefusal(o)
		case Locked:
			if !c.locked(o.Last.Revision) {
				c.found(FalseNo, o, o.Last.Revision, "the datastore was not locked")
			}
		case Conflict:
			c.checkConflict(o)
		}
	}
}

func (c *checker) checkRefusal(o *Op) {
	after, refusal := c.book.next(o, o.Last.State)
	switch {
	case refusal != o.Refusal:
		c.found(FalseNo, o, o.Last.Revision, "it should have been %q, with what it saw:\n%s", refusal, o.Last.State)
	case after != o.Last.State:
		c.found(FalseNo, o, o.Last.Revision, "there was something to do, with what it saw:\n%s", o.Last.State)
	case o.Outcome == Nothing && o.After != o.Last.State:
		c.found(WrongReport, o, o.Last.Revision, "it reports another state than it saw")
	case refusal == Present && !c.book.equal(ruleAt(o.Last.State.Lists[o.List], o.Position), o.Rule):
		c.found(FalseNo, o, o.Last.Revision, "no equal rule stands at position %d", o.Position)
	}
}

// checkConflict checks that another client did change what the operation was
// about.
func (c *checker) checkConflict(o *Op) {
	if o.IfRevision != 0 && o.IfRevision != o.Last.Modified {
		return
	}
	last := c.Versions[len(c.Versions)-1].Revision
	if len(c.Locks) > 0 {
		last = max(last, c.Locks[len(c.Locks)-1].Revision)
	}
	if o.Looks == 0 || last <= o.First.Revision {
		c.found(FalseNo, o, o.First.Revision, "nobody changed the profile")
	}
}

// checkOrder checks that time and revisions go the same way: whoever begins
// after another has been told something is told nothing older.
func (c *checker) checkOrder() {
	returned := append([]*Op(nil), c.Ops...)
	sortBy(returned, func(o *Op) int64 { return int64(o.Return) })
	called := append([]*Op(nil), c.Ops...)
	sortBy(called, func(o *Op) int64 { return int64(o.Call) })
	var newest *Op // of those that have returned
	for _, o := range called {
		for len(returned) > 0 && returned[0].Return < o.Call {
			if r := returned[0]; r.Outcome != Unknown && c.effective(r) > 0 && (newest == nil || c.effective(r) > c.effective(newest)) {
				newest = r
			}
			returned = returned[1:]
		}
		if newest == nil || o.Looks == 0 {
			continue
		}
		if known := c.effective(newest); o.First.Revision < known {
			c.found(Stale, o, o.First.Revision, "revision %d had been reported before by %s", known, newest)
		} else if at := c.effective(o); at > 0 && at < known {
			c.found(Stale, o, at, "revision %d had been reported before by %s", known, newest)
		}
	}
}
