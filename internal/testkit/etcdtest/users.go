package etcdtest

import (
	"context"
	"fmt"
	"strings"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// RootPassword is that of the user root, which Users makes.
const RootPassword = "root-secret"

// Users makes roles and users, and turns authentication on. Each line of a text
// is one of
//
//	role NAME
//	grant NAME read|write|readwrite KEY     a KEY that ends in "/" stands for all that begin with it
//	user NAME PASSWORD ROLE...              a PASSWORD - is none, for users by certificate
func Users(ctx context.Context, client *clientv3.Client, text string) error {
	lines := append(strings.Split(text, "\n"), "user root "+RootPassword+" root")
	for _, line := range lines {
		if err := userLine(ctx, client, strings.Fields(line)); err != nil {
			return fmt.Errorf("%s: %w", line, err)
		}
	}
	_, err := client.AuthEnable(ctx)
	return err
}

func userLine(ctx context.Context, client *clientv3.Client, words []string) error {
	switch {
	case len(words) == 0:
		return nil
	case words[0] == "role" && len(words) == 2:
		_, err := client.RoleAdd(ctx, words[1])
		return err
	case words[0] == "grant" && len(words) == 4:
		return Grant(ctx, client, words[1], words[2], words[3])
	case words[0] == "user" && len(words) >= 3:
		return addUser(ctx, client, words[1], words[2], words[3:])
	}
	return fmt.Errorf("not a line of users")
}

// Grant gives a role a permission.
func Grant(ctx context.Context, client *clientv3.Client, role, permission, key string) error {
	kind, err := clientv3.StrToPermissionType(permission)
	if err != nil {
		return err
	}
	_, err = client.RoleGrantPermission(ctx, role, key, RangeEnd(key), kind)
	return err
}

// Revoke takes a permission from a role.
func Revoke(ctx context.Context, client *clientv3.Client, role, key string) error {
	_, err := client.RoleRevokePermission(ctx, role, key, RangeEnd(key))
	return err
}

// RangeEnd returns where the keys end that a key of Users stands for.
func RangeEnd(key string) string {
	if strings.HasSuffix(key, "/") {
		return clientv3.GetPrefixRangeEnd(key)
	}
	return ""
}

func addUser(ctx context.Context, client *clientv3.Client, name, password string, roles []string) error {
	options := &clientv3.UserAddOptions{NoPassword: password == "-"}
	if options.NoPassword {
		password = ""
	}
	if _, err := client.UserAddWithOptions(ctx, name, password, options); err != nil {
		return err
	}
	for _, role := range roles {
		if _, err := client.UserGrantRole(ctx, name, role); err != nil {
			return err
		}
	}
	return nil
}
