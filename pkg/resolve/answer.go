package resolve

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// longestAnswer is room for tens of thousands of networks. Something larger is
// not an engine's list, and is not to fill the memory.
const longestAnswer = 32 << 20

// readNetworks reads the answer to GET /networks. Every network is read by
// itself, as most of an answer is about what is not needed here.
func readNetworks(body io.Reader) ([]Network, error) {
	limited := &io.LimitedReader{R: body, N: longestAnswer + 1}
	list, err := decodeNetworks(json.NewDecoder(limited))
	if err != nil && limited.N <= 0 {
		return nil, &reason{words: fmt.Sprintf("the answer is longer than %d MiB", longestAnswer>>20), cause: err}
	}
	return list, err
}

func decodeNetworks(decoder *json.Decoder) ([]Network, error) {
	if err := expect(decoder, json.Delim('[')); err != nil {
		return nil, err
	}
	var list []Network
	for decoder.More() {
		var told struct {
			ID   string `json:"Id"`
			Name *string
		}
		if err := decoder.Decode(&told); err != nil {
			return nil, notNetworks(err)
		}
		if told.ID == "" || told.Name == nil {
			return nil, notNetworks(nil)
		}
		list = append(list, Network{ID: told.ID, Name: *told.Name})
	}
	if err := expect(decoder, json.Delim(']')); err != nil {
		return nil, err
	}
	// Only the end proves that the list is whole.
	if _, err := decoder.Token(); err != io.EOF {
		return nil, notNetworks(err)
	}
	return list, nil
}

func expect(decoder *json.Decoder, want json.Token) error {
	token, err := decoder.Token()
	if err != nil || token != want {
		return notNetworks(err)
	}
	return nil
}

// notNetworks is the error for JSON that is not a list of networks.
func notNetworks(err error) error {
	return notAnswer("the answer is not a list of Docker networks", err)
}

// notAnswer is the error for JSON that is not what was asked for. An error of the
// connection is left as it is.
func notAnswer(words string, err error) error {
	var (
		syntax *json.SyntaxError
		kind   *json.UnmarshalTypeError
	)
	if err == nil || err == io.EOF || errors.As(err, &syntax) || errors.As(err, &kind) {
		return &reason{words: words, cause: err}
	}
	return err
}
