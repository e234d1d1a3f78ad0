package manual

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// WritePages writes the manual pages into a directory. The source is the program and
// its version. Their date is that of SOURCE_DATE_EPOCH, as reproducible builds have
// it, or none.
func (m Manual) WritePages(dir, source string) error {
	date := ""
	if text := os.Getenv("SOURCE_DATE_EPOCH"); text != "" {
		seconds, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return fmt.Errorf("SOURCE_DATE_EPOCH: %w", err)
		}
		date = time.Unix(seconds, 0).UTC().Format(time.DateOnly)
	}
	for _, page := range m.Pages(date, source) {
		if err := os.WriteFile(filepath.Join(dir, page.Name), []byte(page.Text), 0o644); err != nil {
			return err
		}
	}
	return nil
}
