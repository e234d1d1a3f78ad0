//go:build linux

package plugin

// Docker's requests and the answers, in the names of its protocol.

type networkData struct {
	AddressSpace string
	Pool         string
	Gateway      string
	AuxAddresses map[string]string
}

type createNetworkRequest struct {
	NetworkID string
	Options   map[string]any
	IPv4Data  []networkData
	IPv6Data  []networkData
}

type deleteNetworkRequest struct{ NetworkID string }

type interfaceData struct {
	Address     string `json:",omitempty"`
	AddressIPv6 string `json:",omitempty"`
	MacAddress  string `json:",omitempty"`
}

type createEndpointRequest struct {
	NetworkID  string
	EndpointID string
	Interface  *interfaceData
	Options    map[string]any
}

type createEndpointResponse struct{ Interface interfaceData }

type endpointRequest struct{ NetworkID, EndpointID string }

type joinRequest struct {
	NetworkID, EndpointID, SandboxKey string
	Options                           map[string]any
}

type interfaceName struct{ SrcName, DstPrefix string }

type staticRoute struct {
	Destination string
	RouteType   int // 1: by the interface, without a next hop
	NextHop     string
}

type joinResponse struct {
	InterfaceName         interfaceName
	Gateway               string        `json:",omitempty"`
	GatewayIPv6           string        `json:",omitempty"`
	StaticRoutes          []staticRoute `json:",omitempty"`
	DisableGatewayService bool          `json:",omitempty"`
}

type operInfoResponse struct{ Value map[string]string }

type poolRequest struct {
	AddressSpace, Pool, SubPool string
	Options                     map[string]string
	V6                          bool
}

type poolResponse struct {
	PoolID, Pool string
	Data         map[string]string
}

type addressRequest struct {
	PoolID, Address string
	Options         map[string]string
}

type addressResponse struct {
	Address string
	Data    map[string]string
}

type empty struct{}
