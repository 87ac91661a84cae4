// Juju's client, against a served MAAS: its Controller, which checks every
// answer against a schema and has error types of its own, and its older
// MAASObject, which follows resource_uri fields.
package main

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"

	"pcgsim/peers/claims"

	"github.com/juju/errors"
	"github.com/juju/gomaasapi/v2"
)

var (
	facts   = claims.Read()
	maas    gomaasapi.Controller
	plain   gomaasapi.Controller
	machine gomaasapi.Machine
	ip      string
)

func main() {
	logIn()
	inventory()
	allocate()
	deploy()
	names()
	release()
	claims.Done()
}

func as(key string) (gomaasapi.Controller, error) {
	return gomaasapi.NewController(gomaasapi.ControllerArgs{
		BaseURL: facts.URL, APIKey: key})
}

// ---- logging in ----

func logIn() {
	claims.Need("a good key makes a controller", func() (err error) {
		maas, err = as(facts.Key)
		return err
	})
	claims.Need("so does a plain user's", func() (err error) {
		plain, err = as(facts.PlainKey)
		return err
	})
	claims.Hold("a key with a wrong secret is a PermissionError",
		func() error {
			_, err := as(facts.WrongSecret())
			return claims.All(
				claims.True(gomaasapi.IsPermissionError(err),
					"it is %#v", err),
				claims.Says(err, "Authorization Error: "+
					"'Invalid signature."))
		})
	claims.Hold("a key that nobody has is a PermissionError", func() error {
		_, err := as(facts.UnknownKey())
		return claims.All(
			claims.True(gomaasapi.IsPermissionError(err),
				"it is %#v", err),
			claims.Says(err, "Authorization Error: Invalid API key."))
	})
	claims.Hold("a key of the wrong shape is not valid", func() error {
		_, err := as("not a key")
		return claims.True(errors.IsNotValid(errors.Cause(err)),
			"it is %#v", err)
	})
	claims.Hold("it can what this client asks for", func() error {
		version, _, err := maas.APIVersionInfo()
		if err != nil {
			return err
		}
		can := maas.Capabilities()
		return claims.All(
			claims.Equal("the version's beginning", version[:3], facts.Version),
			claims.True(can.Contains(gomaasapi.NetworksManagement) &&
				can.Contains(gomaasapi.NetworkDeploymentUbuntu),
				"it can %v", can.Values()))
	})
	claims.Hold("another version of the API is not supported", func() error {
		_, err := gomaasapi.NewController(gomaasapi.ControllerArgs{
			BaseURL: facts.URL + "/api/1.0/", APIKey: facts.Key})
		return claims.True(gomaasapi.IsUnsupportedVersionError(err),
			"it is %#v", err)
	})
}

// ---- what there is ----

func inventory() {
	claims.Need("machines fit the schema", func() error {
		machines, err := maas.Machines(gomaasapi.MachinesArgs{})
		if err != nil {
			return err
		}
		for _, one := range machines {
			if err := looksReady(one); err != nil {
				return err
			}
		}
		return claims.Equal("the count", len(machines), facts.Machines)
	})
	claims.Hold("zones fit the schema", func() error {
		zones, err := maas.Zones()
		if err != nil || len(zones) == 0 {
			return fmt.Errorf("%d zones: %v", len(zones), err)
		}
		return claims.Equal("the first", zones[0].Name(), "default")
	})
	claims.Hold("domains fit the schema", func() error {
		domains, err := maas.Domains()
		if err != nil || len(domains) == 0 {
			return fmt.Errorf("%d domains: %v", len(domains), err)
		}
		return claims.Equal("the first", domains[0].Name(), "maas")
	})
	claims.Hold("tags fit the schema", func() error {
		_, err := maas.Tags()
		return err
	})
	claims.Hold("spaces fit the schema, and hold the subnets", func() error {
		spaces, err := maas.Spaces()
		if err != nil {
			return err
		}
		for _, space := range spaces {
			for _, subnet := range space.Subnets() {
				if subnet.CIDR() != "" && subnet.Gateway() != "" {
					return nil
				}
			}
		}
		return fmt.Errorf("no subnet in %d spaces", len(spaces))
	})
	claims.Hold("fabrics fit the schema", func() error {
		fabrics, err := maas.Fabrics()
		if err != nil || len(fabrics) == 0 {
			return fmt.Errorf("%d fabrics: %v", len(fabrics), err)
		}
		return claims.True(len(fabrics[0].VLANs()) > 0, "no VLANs")
	})
	claims.Hold("boot resources fit the schema", func() error {
		images, err := maas.BootResources()
		if err != nil {
			return err
		}
		for _, image := range images {
			if image.Name() == "ubuntu/jammy" {
				return nil
			}
		}
		return fmt.Errorf("no ubuntu/jammy among %d", len(images))
	})
	claims.Hold("pools are asked for where no MAAS has them", func() error {
		_, err := maas.Pools()
		return claims.Says(err,
			"Unknown API endpoint: /MAAS/api/2.0/pools/.")
	})
}

func looksReady(one gomaasapi.Machine) error {
	return claims.All(
		claims.Equal("the state", one.StatusName(), "Ready"),
		claims.Equal("the power", one.PowerState(), "off"),
		claims.Equal("the zone", one.Zone().Name(), "default"),
		claims.Equal("the pool", one.Pool().Name(), "default"),
		claims.Equal("the name", one.FQDN(), one.Hostname()+".maas"),
		claims.Equal("addresses", len(one.IPAddresses()), 0),
		claims.True(one.BootInterface() != nil, "no boot interface"),
		claims.True(len(one.PhysicalBlockDevices()) > 0, "no disk"))
}

// ---- allocating ----

func allocate() {
	claims.Hold("no match is a NoMatchError", func() error {
		_, _, err := maas.AllocateMachine(gomaasapi.AllocateMachineArgs{
			MinCPUCount: 400})
		return claims.All(
			claims.True(gomaasapi.IsNoMatchError(err), "it is %#v", err),
			claims.Says(err, "No available machine matches "+
				"constraints: [('cpu_count', ['400'])] "+
				`(resolved to "cpu_count=400.0")`))
	})
	claims.Hold("a zone that is not there is unexpected", func() error {
		_, _, err := maas.AllocateMachine(gomaasapi.AllocateMachineArgs{
			Zone: "nowhere"})
		return claims.All(
			claims.True(gomaasapi.IsUnexpectedError(err),
				"it is %#v", err),
			claims.Says(err, "No such zone(s): nowhere."))
	})
	claims.Hold("a disk that large is no match", func() error {
		_, _, err := maas.AllocateMachine(gomaasapi.AllocateMachineArgs{
			Storage: []gomaasapi.StorageSpec{
				{Label: "root", Size: 1000000}}})
		return claims.True(gomaasapi.IsNoMatchError(err), "it is %#v", err)
	})
	claims.Need("a machine is allocated, and says by which disk",
		func() error {
			got, matches, err := maas.AllocateMachine(
				gomaasapi.AllocateMachineArgs{MinCPUCount: 2,
					MinMemory: 4096, Zone: "default",
					Pool: "default", Architecture: "amd64",
					AgentName: "gomaasapi",
					Storage: []gomaasapi.StorageSpec{
						{Label: "root", Size: 8}}})
			if err != nil {
				return err
			}
			machine = got
			disks := matches.Storage["root"]
			if len(disks) != 1 {
				return fmt.Errorf("%d disks match", len(disks))
			}
			return claims.All(
				claims.Equal("the state", got.StatusName(),
					"Allocated"),
				claims.True(disks[0].Size() >= 8e9, "the disk has %d",
					disks[0].Size()))
		})
	claims.Hold("it bears owner data, and is found by them", func() error {
		err := machine.SetOwnerData(map[string]string{"juju": "here"})
		if err != nil {
			return err
		}
		found, err := maas.Machines(gomaasapi.MachinesArgs{
			AgentName: "gomaasapi",
			OwnerData: map[string]string{"juju": "here"}})
		if err != nil || len(found) != 1 {
			return fmt.Errorf("%d machines: %v", len(found), err)
		}
		return claims.Equal("it", found[0].SystemID(), machine.SystemID())
	})
	claims.Hold("somebody else's machine is not seen", func() error {
		machines, err := plain.Machines(gomaasapi.MachinesArgs{})
		if err != nil {
			return err
		}
		return claims.Equal("the rest", len(machines), facts.Machines-1)
	})
	claims.Hold("a machine that is not there is not found", func() error {
		machines, err := maas.Machines(gomaasapi.MachinesArgs{
			SystemIDs: []string{"zzzzzz"}})
		if err != nil {
			return err
		}
		return claims.Equal("machines", len(machines), 0)
	})
}

// ---- deploying ----

func deploy() {
	data := base64.StdEncoding.EncodeToString(
		[]byte("#cloud-config\nruncmd: [ [ sh, -c, 'exit 0' ] ]\n"))
	claims.Hold("an image that is not there is unexpected", func() error {
		err := machine.Start(gomaasapi.StartArgs{
			DistroSeries: "nonesuch"})
		return claims.All(
			claims.True(gomaasapi.IsUnexpectedError(err),
				"it is %#v", err),
			claims.Says(err, "'nonesuch' is not a valid distro_series"))
	})
	claims.Need("it is started with user data", func() error {
		err := machine.Start(gomaasapi.StartArgs{UserData: data,
			DistroSeries: "jammy", Comment: "by a test"})
		if err != nil {
			return err
		}
		return claims.All(
			claims.Equal("the state", machine.StatusName(),
				"Deploying"),
			claims.Equal("the system", machine.OperatingSystem(),
				"ubuntu"))
	})
	claims.Hold("started twice is a BadRequestError", func() error {
		err := machine.Start(gomaasapi.StartArgs{})
		return claims.All(
			claims.True(gomaasapi.IsBadRequestError(err),
				"it is %#v", err),
			claims.Says(err, "Can't deploy a machine that is in the "+
				"'Deploying' state"))
	})
	claims.Hold("released by somebody else is a PermissionError",
		func() error {
			err := plain.ReleaseMachines(gomaasapi.ReleaseMachinesArgs{
				SystemIDs: []string{machine.SystemID()}})
			return claims.True(gomaasapi.IsPermissionError(err),
				"it is %#v", err)
		})
	claims.Need("it comes up Deployed, on, with an address", func() error {
		err := comesTo("Deployed")
		if err != nil || len(machine.IPAddresses()) != 1 {
			return fmt.Errorf("%v, %v", machine.IPAddresses(), err)
		}
		ip = machine.IPAddresses()[0]
		return claims.All(
			claims.Equal("the power", machine.PowerState(), "on"),
			claims.Equal("its link", machine.BootInterface().
				Links()[0].IPAddress(), ip),
			claims.Equal("owner data", machine.OwnerData()["juju"],
				"here"))
	})
}

func comesTo(state string) error {
	return claims.Until(state, func() (bool, string, error) {
		found, err := maas.Machines(gomaasapi.MachinesArgs{
			SystemIDs: []string{machine.SystemID()}})
		if err != nil || len(found) != 1 {
			return false, "", fmt.Errorf("%d machines: %v",
				len(found), err)
		}
		machine = found[0]
		return machine.StatusName() == state, machine.StatusName(), nil
	})
}

// ---- names, by the older interface ----

const fqdn = "api-gomaasapi.maas"

func names() {
	client, err := gomaasapi.NewAuthenticatedClient(
		gomaasapi.AddAPIVersionToURL(facts.URL, "2.0"), facts.Key)
	if err != nil {
		panic(err)
	}
	records := gomaasapi.NewMAAS(*client).GetSubObject("dnsresources")
	var record gomaasapi.MAASObject

	claims.Need("a DNS resource is created with the address", func() error {
		made, err := records.CallPost("", url.Values{"fqdn": {fqdn},
			"ip_addresses": {ip}, "address_ttl": {"10"}})
		if err != nil {
			return err
		}
		record, err = made.GetMAASObject()
		return err
	})
	claims.Hold("it is modified under its resource_uri", func() error {
		changed, err := record.Update(url.Values{"ip_addresses": {""}})
		if err != nil {
			return err
		}
		return hasAddresses(changed, 0)
	})
	claims.Hold("and back", func() error {
		changed, err := record.Update(url.Values{"ip_addresses": {ip}})
		if err != nil {
			return err
		}
		return hasAddresses(changed, 1)
	})
	claims.Hold("it is read", func() error {
		read, err := record.Get()
		if err != nil {
			return err
		}
		name, err := read.GetField("fqdn")
		return claims.All(err, claims.Equal("its name", name, fqdn),
			hasAddresses(read, 1))
	})
	claims.Hold("it is deleted and gone", func() error {
		if err := record.Delete(); err != nil {
			return err
		}
		_, err := record.Get()
		answer, is := gomaasapi.GetServerError(err)
		return claims.True(is && answer.StatusCode == http.StatusNotFound,
			"it is %#v", err)
	})
}

func hasAddresses(record gomaasapi.MAASObject, count int) error {
	list, err := record.GetMap()["ip_addresses"].GetArray()
	if err != nil {
		return err
	}
	return claims.Equal("addresses", len(list), count)
}

// ---- releasing ----

func release() {
	claims.Hold("an unknown machine released is a BadRequestError",
		func() error {
			err := maas.ReleaseMachines(gomaasapi.ReleaseMachinesArgs{
				SystemIDs: []string{"zzzzzz"}})
			return claims.All(
				claims.True(gomaasapi.IsBadRequestError(err),
					"it is %#v", err),
				claims.Says(err, "Unknown machine(s): zzzzzz."))
		})
	claims.Need("it is released", func() error {
		return maas.ReleaseMachines(gomaasapi.ReleaseMachinesArgs{
			SystemIDs: []string{machine.SystemID()},
			Comment:   "no longer needed"})
	})
	claims.Hold("it comes to Ready as it was", func() error {
		if err := comesTo("Ready"); err != nil {
			return err
		}
		return claims.All(looksReady(machine),
			claims.Equal("owner data", len(machine.OwnerData()), 0))
	})
}
