package torture

// preface is how many bytes a client sends before its first frame.
const preface = 24

// frames finds the data frames in one direction of an HTTP/2 connection: to a
// server they are requests, from it answers. Other frames are the business of
// the connection itself.
type frames struct {
	skip int // bytes until the next header
	head [9]byte
	have int
}

// data returns how many frames with data begin in the bytes that come next.
func (f *frames) data(bytes []byte) (count int) {
	for len(bytes) > 0 {
		if n := min(f.skip, len(bytes)); n > 0 {
			f.skip, bytes = f.skip-n, bytes[n:]
			continue
		}
		n := copy(f.head[f.have:], bytes)
		f.have, bytes = f.have+n, bytes[n:]
		if f.have < len(f.head) {
			break
		}
		f.have = 0
		f.skip = int(f.head[0])<<16 | int(f.head[1])<<8 | int(f.head[2])
		if kind := f.head[3]; kind == 0 && f.skip > 0 {
			count++
		}
	}
	return count
}
