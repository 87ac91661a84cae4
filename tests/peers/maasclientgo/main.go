// The client of the MAAS infrastructure provider of Cluster API, against a
// served MAAS. It signs with HMAC-SHA1, sends "op" in the body, and gives
// errors as text: "status: 409, message: ...".
package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"pcgsim/peers/claims"

	"github.com/spectrocloud/maas-client-go/maasclient"
)

var (
	ctx, _ = context.WithTimeout(context.Background(), 3*time.Minute)
	facts  = claims.Read()
	maas   = as(facts.Key)
	plain  = as(facts.PlainKey)
	id, ip string // of the machine that this program is about
)

func as(key string) maasclient.ClientSetInterface {
	return maasclient.NewAuthenticatedClientSet(facts.URL, key)
}

func main() {
	logIn()
	inventory()
	upload()
	allocate()
	deploy()
	names()
	release()
	claims.Done()
}

// ---- logging in ----

func logIn() {
	claims.Need("a good key is an administrator's", func() error {
		user, err := maas.Users().WhoAmI(ctx)
		if err != nil {
			return err
		}
		return claims.All(
			claims.Equal("the user", user.UserName(), "admin"),
			claims.Equal("superuser", user.IsSuperUser(), true),
			claims.Equal("local", user.IsLocal(), true))
	})
	claims.Hold("a key with a wrong secret is refused", func() error {
		_, err := as(facts.WrongSecret()).Users().WhoAmI(ctx)
		return claims.Says(err, "status: 401, message: "+
			"Authorization Error: 'Invalid signature.")
	})
	claims.Hold("a key that nobody has is refused", func() error {
		_, err := as(facts.UnknownKey()).Users().WhoAmI(ctx)
		return claims.Says(err, "status: 401, message: "+
			"Authorization Error: Invalid API key.")
	})
	claims.Hold("a key of the wrong shape is nobody's", func() error {
		_, err := as("not a key").Users().WhoAmI(ctx)
		return claims.Says(err, "status: 401, message: Forbidden")
	})
	// By a client of its own: one that asked whoami asks it again.
	claims.Hold("users are listed, those of MAAS itself too", func() error {
		users, err := as(facts.Key).Users().List(ctx)
		if err != nil {
			return err
		}
		names := map[string]bool{}
		for _, user := range users {
			names[user.UserName()] = true
		}
		return claims.True(names["admin"] && names["MAAS"],
			"the users are %v", names)
	})
}

// ---- what there is ----

func inventory() {
	claims.Need("machines are listed", func() error {
		machines, err := maas.Machines().List(ctx, nil)
		if err != nil {
			return err
		}
		for _, machine := range machines {
			if err := looksReady(machine); err != nil {
				return err
			}
		}
		return claims.Equal("the count", len(machines), facts.Machines)
	})
	claims.Hold("zones are listed", func() error {
		zones, err := maas.Zones().List(ctx)
		if err != nil || len(zones) == 0 {
			return fmt.Errorf("%d zones: %v", len(zones), err)
		}
		return claims.Equal("the first", zones[0].Name(), "default")
	})
	claims.Hold("pools are listed", func() error {
		pools, err := maas.ResourcePools().List(ctx, nil)
		if err != nil || len(pools) == 0 {
			return fmt.Errorf("%d pools: %v", len(pools), err)
		}
		return claims.Equal("the first", pools[0].Name(), "default")
	})
	claims.Hold("domains are listed", func() error {
		domains, err := maas.Domains().List(ctx)
		if err != nil || len(domains) == 0 {
			return fmt.Errorf("%d domains: %v", len(domains), err)
		}
		return claims.All(
			claims.Equal("the first", domains[0].Name(), "maas"),
			claims.Equal("default", domains[0].IsDefault(), true),
			claims.Equal("its rule", domains[0].IsAuthoritative(), true))
	})
	claims.Hold("spaces are listed with their subnets", func() error {
		spaces, err := maas.Spaces().List(ctx)
		if err != nil {
			return err
		}
		for _, space := range spaces {
			for _, subnet := range space.Subnets() {
				if subnet.VLAN() != nil {
					return nil
				}
			}
		}
		return fmt.Errorf("no subnet in %d spaces", len(spaces))
	})
	claims.Hold("boot resources are listed", func() error {
		images, err := maas.BootResources().List(ctx, nil)
		if err != nil {
			return err
		}
		for _, image := range images {
			if image.Name() == "ubuntu/jammy" && image.ID() > 0 &&
				image.Type() == "Synced" {
				return nil
			}
		}
		return fmt.Errorf("no ubuntu/jammy among %d", len(images))
	})
}

func looksReady(machine maasclient.Machine) error {
	return claims.All(
		claims.Equal("the state", machine.State(), "Ready"),
		claims.Equal("the power", machine.PowerState(), "off"),
		claims.Equal("the zone", machine.Zone().Name(), "default"),
		claims.Equal("the name", machine.FQDN(), machine.Hostname()+".maas"),
		claims.Equal("addresses", len(machine.IPAddresses()), 0),
		claims.Equal("the system", machine.OSSystem(), ""),
		claims.Equal("the id's length", len(machine.SystemID()), 6))
}

// ---- an image of one's own ----

const imageName = "u-2204-0-k-1310-0"

var image maasclient.BootResource

// Larger than a piece (4 MiB), so that two are sent.
func writeImage() (path, hash string, size int, err error) {
	content := bytes.Repeat([]byte("image "), 1<<20)
	sum := sha256.Sum256(content)
	path = filepath.Join(os.Getenv("HOME"), "image.tar.gz")
	err = os.WriteFile(path, content, 0o600)
	return path, hex.EncodeToString(sum[:]), len(content), err
}

func upload() {
	claims.Need("an image is created without content", func() error {
		path, hash, size, err := writeImage()
		if err != nil {
			return err
		}
		image, err = maas.BootResources().Builder("custom/"+imageName,
			"amd64/generic", hash, path, size).
			WithTitle("Made by a test").WithFileType("tgz").
			Create(ctx)
		if err != nil {
			return err
		}
		return claims.All(
			claims.Equal("its name", image.Name(), imageName),
			claims.Equal("its type", image.Type(), "Uploaded"),
			claims.Equal("sets", len(image.Sets()), 1))
	})
	claims.Need("its content is uploaded in pieces", func() error {
		if err := image.Upload(ctx); err != nil {
			return err
		}
		now, err := maas.BootResources().BootResource(image.ID()).Get(ctx)
		if err != nil {
			return err
		}
		for _, set := range now.Sets() {
			return claims.Equal("complete", set.Complete, true)
		}
		return fmt.Errorf("it has no set")
	})
	claims.Hold("what is complete takes no more: 400", func() error {
		return claims.Says(image.Upload(ctx), "status: 400, message: "+
			"Cannot upload to a complete file.")
	})
}

// ---- allocating ----

func allocate() {
	claims.Hold("no machine is large enough: 409 and the constraints",
		func() error {
			_, err := maas.Machines().Allocator().
				WithCPUCount(400).WithMemory(10).Allocate(ctx)
			return claims.Says(err, "status: 409, message: "+
				"No available machine matches constraints: "+
				"[('cpu_count', ['400']), ('mem', ['10'])] "+
				`(resolved to "cpu_count=400.0 mem=10.0")`)
		})
	claims.Hold("a zone that is not there: 400 and its name", func() error {
		_, err := maas.Machines().Allocator().
			WithZone("nowhere").Allocate(ctx)
		return claims.Says(err, "status: 400, message: "+
			`{"zone": ["No such zone(s): nowhere."]}`)
	})
	claims.Hold("a pool that is not there: 400 and its name", func() error {
		_, err := maas.Machines().Allocator().
			WithResourcePool("nothing").Allocate(ctx)
		return claims.Says(err, "status: 400, message: "+
			`{"pool": ["No such pool(s): nothing."]}`)
	})
	claims.Hold("a machine that is not there: 409 and its id", func() error {
		_, err := maas.Machines().Allocator().
			WithSystemID("zzzzzz").Allocate(ctx)
		return claims.Says(err, "status: 409, message: "+
			"No machine with system ID zzzzzz available.")
	})
	claims.Need("a machine is allocated by zone, pool, CPUs and memory",
		func() error {
			machine, err := maas.Machines().Allocator().
				WithZone("default").WithResourcePool("default").
				WithCPUCount(4).WithMemory(8192).Allocate(ctx)
			if err != nil {
				return err
			}
			id = machine.SystemID()
			return claims.Equal("the state", machine.State(),
				"Allocated")
		})
	claims.Hold("what is allocated is not allocated again", func() error {
		_, err := maas.Machines().Allocator().
			WithSystemID(id).Allocate(ctx)
		return claims.Says(err, "status: 409, message: "+
			"No machine with system ID "+id+" available.")
	})
	claims.Hold("a machine of somebody else's is not seen", func() error {
		_, err := plain.Machines().Machine(id).Get(ctx)
		if err := claims.Says(err, "status: 403, message: "); err != nil {
			return err
		}
		machines, err := plain.Machines().List(ctx, nil)
		if err != nil {
			return err
		}
		return claims.Equal("the rest", len(machines), facts.Machines-1)
	})
	claims.Hold("a machine that is not there is not found", func() error {
		_, err := maas.Machines().Machine("zzzzzz").Get(ctx)
		return claims.Says(err, "status: 404, message: "+
			"No Machine matches the given query.")
	})
}

// ---- deploying ----

// Its base64 has a plus and a slash, which signatures must bear.
const userData = "#cloud-config\n# \u00fb\u00ff\u00fe \xfb\xef\xbe ??>>\n" +
	"runcmd: [ [ sh, -c, 'exit 0' ] ]\n"

func deploy() {
	encoded := base64.StdEncoding.EncodeToString([]byte(userData))
	claims.Hold("swap is turned off before", func() error {
		machine, err := maas.Machines().Machine(id).Modifier().
			SetSwapSize(0).Update(ctx)
		if err != nil {
			return err
		}
		return claims.All(
			claims.Equal("the id", machine.SystemID(), id),
			claims.Equal("swap", machine.SwapSize(), 0))
	})
	claims.Hold("an image that is not there: 400 and the choices",
		func() error {
			_, err := maas.Machines().Machine(id).Deployer().
				SetDistroSeries("nonesuch").Deploy(ctx)
			return claims.Says(err, "status: 400, message: "+
				`{"distro_series": ["'nonesuch' is not a valid `+
				`distro_series.  It should be one of: ''`)
		})
	claims.Need("it is deployed with that image and user data", func() error {
		machine, err := maas.Machines().Machine(id).Deployer().
			SetUserData(encoded).SetOSSystem("custom").
			SetDistroSeries(imageName).Deploy(ctx)
		if err != nil {
			return err
		}
		return claims.All(
			claims.Equal("the state", machine.State(), "Deploying"),
			claims.Equal("the system", machine.OSSystem(), "custom"),
			claims.Equal("its series", machine.DistroSeries(),
				imageName))
	})
	claims.Hold("it is not deployed twice: 409", func() error {
		_, err := maas.Machines().Machine(id).Deployer().Deploy(ctx)
		return claims.Says(err, "status: 409, message: "+
			"Can't deploy a machine that is in the 'Deploying' state")
	})
	claims.Hold("it is not released by somebody else: 403, no word",
		func() error {
			_, err := plain.Machines().Machine(id).Releaser().
				Release(ctx)
			if err == nil {
				return fmt.Errorf("it is")
			}
			return claims.Equal("the error", err.Error(),
				"status: 403, message: ")
		})
	claims.Need("it comes up Deployed, on, with an address", func() error {
		var machine maasclient.Machine
		err := comesTo("Deployed", &machine)
		if err != nil {
			return err
		}
		if len(machine.IPAddresses()) != 1 {
			return fmt.Errorf("addresses: %v", machine.IPAddresses())
		}
		ip = machine.IPAddresses()[0].String()
		return claims.Equal("the power", machine.PowerState(), "on")
	})
}

// A fresh value each time: this client adds up the addresses of an old one.
func comesTo(state string, machine *maasclient.Machine) error {
	return claims.Until(state, func() (bool, string, error) {
		now, err := maas.Machines().Machine(id).Get(ctx)
		if err != nil {
			return false, "", err
		}
		*machine = now
		return now.State() == state, now.State(), nil
	})
}

// ---- names ----

const fqdn = "api-maasclientgo.maas"

var record maasclient.DNSResource

func find() ([]maasclient.DNSResource, error) {
	return maas.DNSResources().List(ctx,
		maasclient.ParamsBuilder().Set(maasclient.FQDNKey, fqdn))
}

func names() {
	claims.Need("a DNS resource is created empty", func() error {
		made, err := maas.DNSResources().Builder().WithFQDN(fqdn).
			WithAddressTTL("10").WithIPAddresses(nil).Create(ctx)
		if err != nil {
			return err
		}
		record = made
		return claims.All(
			claims.Equal("its name", made.FQDN(), fqdn),
			claims.Equal("its TTL", made.AddressTTL(), 10),
			claims.Equal("addresses", len(made.IPAddresses()), 0))
	})
	claims.Hold("it is not created twice: 400", func() error {
		_, err := maas.DNSResources().Builder().WithFQDN(fqdn).
			WithIPAddresses(nil).Create(ctx)
		return claims.Says(err, "status: 400, message: "+
			`{"__all__": ["Labels must be unique within their zone."]}`)
	})
	claims.Hold("it takes the machine's address", func() error {
		changed, err := record.Modifier().
			SetIPAddresses([]string{ip}).Modify(ctx)
		if err != nil {
			return err
		}
		return shows(changed, ip)
	})
	claims.Hold("it is found by its name", func() error {
		found, err := find()
		if err != nil || len(found) != 1 {
			return fmt.Errorf("%d found: %v", len(found), err)
		}
		return claims.All(
			claims.Equal("its id", found[0].ID(), record.ID()),
			shows(found[0], ip))
	})
	claims.Hold("a domain that is not there: 404", func() error {
		_, err := maas.DNSResources().List(ctx, maasclient.
			ParamsBuilder().Set(maasclient.FQDNKey, "a.nowhere"))
		return claims.Says(err, "status: 404, message: "+
			"No Domain matches the given query.")
	})
	claims.Hold("the machine's own name is among all", func() error {
		all, err := maas.DNSResources().List(ctx, nil)
		if err != nil {
			return err
		}
		for _, one := range all {
			if one.ID() == -1 {
				return nil
			}
		}
		return fmt.Errorf("no name of MAAS's own among %d", len(all))
	})
}

func shows(record maasclient.DNSResource, address string) error {
	if len(record.IPAddresses()) != 1 {
		return fmt.Errorf("it has %d addresses",
			len(record.IPAddresses()))
	}
	return claims.Equal("the address", record.IPAddresses()[0].IP().String(),
		address)
}

// ---- releasing ----

func release() {
	claims.Need("it is released", func() error {
		machine, err := maas.Machines().Machine(id).Releaser().
			WithComment("no longer needed").Release(ctx)
		if err != nil {
			return err
		}
		return claims.True(machine.State() == "Releasing" ||
			machine.State() == "Ready", "it is %s", machine.State())
	})
	claims.Hold("it comes to Ready, off, without an address", func() error {
		var machine maasclient.Machine
		err := comesTo("Ready", &machine)
		if err != nil {
			return err
		}
		return looksReady(machine)
	})
	claims.Hold("a released machine is released again in peace", func() error {
		machine, err := maas.Machines().Machine(id).Releaser().
			Release(ctx)
		if err != nil {
			return err
		}
		return claims.Equal("the state", machine.State(), "Ready")
	})
	claims.Hold("the record keeps a row without the address", func() error {
		found, err := find()
		if err != nil || len(found) != 1 {
			return fmt.Errorf("%d found: %v", len(found), err)
		}
		return shows(found[0], "<nil>")
	})
	claims.Hold("the image is deleted and gone", func() error {
		if err := image.Delete(ctx); err != nil {
			return err
		}
		_, err := maas.BootResources().BootResource(image.ID()).Get(ctx)
		return claims.Says(err, "status: 404, message: "+
			"No BootResource matches the given query.")
	})
	claims.Hold("the DNS resource is deleted and gone", func() error {
		if err := record.Delete(ctx); err != nil {
			return err
		}
		found, err := find()
		if err != nil || len(found) != 0 {
			return fmt.Errorf("%d found: %v", len(found), err)
		}
		_, err = maas.DNSResources().DNSResource(record.ID()).Get(ctx)
		return claims.Says(err, "status: 404, message: "+
			"No DNSResource matches the given query.")
	})
}
