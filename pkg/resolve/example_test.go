package resolve_test

import (
	"errors"
	"fmt"

	"github.com/calicoctl/calicoctl/pkg/resolve"
)

func exampleNetworks() *resolve.Networks {
	return resolve.NewNetworks([]resolve.Network{
		{ID: "3b1f0c2d4e5f60718293a4b5c6d7e8f90112233445566778899aabbccddeeff0", Name: "databases"},
		{ID: "9d4c7e21b0a3f5168874c2d9e0f1a2b3c4d5e6f708192a3b4c5d6e7f80910203", Name: "applications"},
		{ID: "a0b1c2d3e4f5061728394a5b6c7d8e9fa0b1c2d3e4f5061728394a5b6c7d8e9f", Name: "applications"},
	})
}

func ExampleNetworks_Find() {
	networks := exampleNetworks()
	for _, word := range []string{"databases", "3b1f0c2d4e5f", "data"} {
		network, ok, err := networks.Find(word)
		switch {
		case err != nil:
			fmt.Println(err)
		case !ok:
			fmt.Println(word, "is not a Docker network")
		default:
			fmt.Println(word, "is", network.ID)
		}
	}
	// Output:
	// databases is 3b1f0c2d4e5f60718293a4b5c6d7e8f90112233445566778899aabbccddeeff0
	// 3b1f0c2d4e5f is 3b1f0c2d4e5f60718293a4b5c6d7e8f90112233445566778899aabbccddeeff0
	// data is not a Docker network
}

func ExampleNetworks_Find_ambiguous() {
	_, _, err := exampleNetworks().Find("applications")
	var ambiguous *resolve.AmbiguousError
	if errors.As(err, &ambiguous) {
		for _, network := range ambiguous.Networks {
			fmt.Println(network.ID)
		}
	}
	// Output:
	// 9d4c7e21b0a3f5168874c2d9e0f1a2b3c4d5e6f708192a3b4c5d6e7f80910203
	// a0b1c2d3e4f5061728394a5b6c7d8e9fa0b1c2d3e4f5061728394a5b6c7d8e9f
}

func ExampleNetworks_Name() {
	networks := exampleNetworks()
	fmt.Println(networks.Name("3b1f0c2d4e5f60718293a4b5c6d7e8f90112233445566778899aabbccddeeff0"))
	// The name of two networks leads back to neither.
	fmt.Println(networks.Name("9d4c7e21b0a3f5168874c2d9e0f1a2b3c4d5e6f708192a3b4c5d6e7f80910203"))
	// Output:
	// databases true
	//  false
}
