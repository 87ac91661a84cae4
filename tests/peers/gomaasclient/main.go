// The client under the Terraform provider, against a served MAAS. It signs
// with PLAINTEXT, sends "op" in the query, decodes nearly every key of a
// machine, and gives errors as gomaasapi.ServerError.
package main

import (
	"encoding/base64"
	"fmt"
	"net"
	"net/http"

	"pcgsim/peers/claims"

	"github.com/canonical/gomaasclient/client"
	"github.com/canonical/gomaasclient/entity"
	"github.com/canonical/gomaasclient/entity/node"
	"github.com/juju/gomaasapi/v2"
)

var (
	facts  = claims.Read()
	maas   = as(facts.Key)
	plain  = as(facts.PlainKey)
	id, ip string // of the machine that this program is about
)

func as(key string) *client.Client {
	maas, err := client.GetClient(facts.URL, key, "2.0")
	if err != nil {
		panic(err)
	}
	return maas
}

func main() {
	logIn()
	inventory()
	furnish()
	allocate()
	deploy()
	names()
	release()
	tidy()
	crowd()
	claims.Done()
}

// The error that this client has for an answer that is not 2xx.
func refused(err error, status int, text string) error {
	answer, is := gomaasapi.GetServerError(err)
	if !is {
		return fmt.Errorf("not a ServerError but %v", err)
	}
	return claims.All(
		claims.Equal("the status", answer.StatusCode, status),
		claims.Equal("the body", answer.BodyMessage, text))
}

// ---- logging in ----

func logIn() {
	claims.Need("a good key is an administrator's", func() error {
		user, err := maas.Users.Whoami()
		if err != nil {
			return err
		}
		return claims.All(
			claims.Equal("the user", user.UserName, "admin"),
			claims.Equal("superuser", user.IsSuperUser, true))
	})
	claims.Hold("a key with a wrong secret is refused", func() error {
		_, err := as(facts.WrongSecret()).Users.Whoami()
		answer, is := gomaasapi.GetServerError(err)
		if !is {
			return fmt.Errorf("not a ServerError but %v", err)
		}
		return claims.All(
			claims.Equal("the status", answer.StatusCode,
				http.StatusUnauthorized),
			claims.Equal("the challenge",
				answer.Header.Get("WWW-Authenticate"),
				`OAuth realm="OAuth"`))
	})
	claims.Hold("a key that nobody has is refused", func() error {
		_, err := as(facts.UnknownKey()).Users.Whoami()
		return refused(err, http.StatusUnauthorized,
			"Authorization Error: Invalid API key.")
	})
	claims.Hold("the version is read", func() error {
		version, err := maas.Version.Get()
		if err != nil {
			return err
		}
		return claims.All(
			claims.Equal("its beginning", version.Version[:3], facts.Version),
			claims.Equal("capabilities", len(version.Capabilities), 9))
	})
}

// ---- what there is ----

func inventory() {
	claims.Need("machines are listed and decoded", func() error {
		machines, err := maas.Machines.Get(&entity.MachinesParams{})
		if err != nil {
			return err
		}
		for _, machine := range machines {
			if err := looksReady(&machine); err != nil {
				return err
			}
		}
		return claims.Equal("the count", len(machines), facts.Machines)
	})
	claims.Hold("zones are listed", func() error {
		zones, err := maas.Zones.Get()
		if err != nil || len(zones) == 0 {
			return fmt.Errorf("%d zones: %v", len(zones), err)
		}
		return claims.Equal("the first", zones[0].Name, "default")
	})
	claims.Hold("pools are listed", func() error {
		pools, err := maas.ResourcePools.Get()
		if err != nil || len(pools) == 0 {
			return fmt.Errorf("%d pools: %v", len(pools), err)
		}
		return claims.Equal("the first", pools[0].Name, "default")
	})
	claims.Hold("domains are listed", func() error {
		domains, err := maas.Domains.Get()
		if err != nil || len(domains) == 0 {
			return fmt.Errorf("%d domains: %v", len(domains), err)
		}
		return claims.All(
			claims.Equal("the first", domains[0].Name, "maas"),
			claims.Equal("default", domains[0].IsDefault, true))
	})
	claims.Hold("subnets are listed, and read by id", subnets)
	claims.Hold("boot resources are listed", func() error {
		images, err := maas.BootResources.Get(
			&entity.BootResourcesReadParams{})
		if err != nil {
			return err
		}
		for _, image := range images {
			if image.Name == "ubuntu/jammy" && image.ID > 0 &&
				image.Type == "Synced" {
				return nil
			}
		}
		return fmt.Errorf("no ubuntu/jammy among %d", len(images))
	})
}

func subnets() error {
	all, err := maas.Subnets.Get()
	if err != nil || len(all) == 0 {
		return fmt.Errorf("%d subnets: %v", len(all), err)
	}
	subnet, err := maas.Subnet.Get(all[0].ID)
	if err != nil {
		return err
	}
	address, network, err := net.ParseCIDR(subnet.CIDR)
	if err != nil {
		return err
	}
	return claims.All(
		claims.Equal("its network", address.String(), network.IP.String()),
		claims.Equal("its name", subnet.Name, all[0].Name),
		claims.True(network.Contains(subnet.GatewayIP),
			"its gateway is %v", subnet.GatewayIP))
}

func looksReady(machine *entity.Machine) error {
	return claims.All(
		claims.Equal("the state", machine.StatusName, "Ready"),
		claims.Equal("its number", machine.Status, node.StatusReady),
		claims.Equal("the power", machine.PowerState, "off"),
		claims.Equal("the owner", machine.Owner, ""),
		claims.Equal("the zone", machine.Zone.Name, "default"),
		claims.Equal("the domain", machine.Domain.Name, "maas"),
		claims.Equal("the name", machine.FQDN, machine.Hostname+".maas"),
		claims.Equal("addresses", len(machine.IPAddresses), 0),
		claims.True(machine.CPUCount > 0 && machine.Memory > 0,
			"%d CPUs, %d MiB", machine.CPUCount, machine.Memory),
		claims.True(machine.BootInterface.MACAddress != "",
			"it boots from no interface"),
		claims.True(len(machine.PhysicalBlockDeviceSet) > 0,
			"it has no disk"))
}

// ---- what an operator sets up ----

const (
	zone = "row-gomaasclient"
	pool = "pool-gomaasclient"
	tag  = "tag-gomaasclient"
)

var poolID int

func furnish() {
	claims.Hold("a zone is made, and not made twice", func() error {
		made, err := maas.Zones.Create(&entity.ZoneParams{Name: zone,
			Description: "made by a test"})
		if err != nil {
			return err
		}
		_, err = maas.Zones.Create(&entity.ZoneParams{Name: zone})
		return claims.All(claims.Equal("its name", made.Name, zone),
			refused(err, http.StatusBadRequest, `{"name": `+
				`["Physical zone with this Name already exists."]}`))
	})
	claims.Hold("a pool is made and read by name", func() error {
		made, err := maas.ResourcePools.Create(
			&entity.ResourcePoolParams{Name: pool})
		if err != nil {
			return err
		}
		poolID = made.ID
		read, err := maas.ResourcePool.GetByName(pool)
		if err != nil {
			return err
		}
		return claims.Equal("its id", read.ID, made.ID)
	})
	claims.Hold("a tag is made and put on a machine", func() error {
		machines, err := maas.Machines.Get(&entity.MachinesParams{})
		if err != nil {
			return err
		}
		id = machines[len(machines)-1].SystemID
		_, err = maas.Tags.Create(&entity.TagParams{Name: tag,
			Comment: "made by a test"})
		if err != nil {
			return err
		}
		if err = maas.Tag.AddMachines(tag, []string{id}); err != nil {
			return err
		}
		tagged, err := maas.Tag.GetMachines(tag)
		if err != nil || len(tagged) != 1 {
			return fmt.Errorf("%d machines: %v", len(tagged), err)
		}
		return claims.All(claims.Equal("it", tagged[0].SystemID, id),
			claims.Equal("its tag", tagged[0].TagNames[0], tag))
	})
	claims.Hold("a machine is moved to zone and pool", func() error {
		machine, err := maas.Machine.Update(id,
			&entity.MachineUpdateParams{Zone: zone, Pool: pool},
			map[string]interface{}{})
		if err != nil {
			return err
		}
		return claims.All(
			claims.Equal("the zone", machine.Zone.Name, zone),
			claims.Equal("the pool", machine.Pool.Name, pool))
	})
}

// ---- allocating ----

func allocate() {
	claims.Hold("no machine is large enough: 409 and the constraints",
		func() error {
			_, err := maas.Machines.Allocate(
				&entity.MachineAllocateParams{CPUCount: 400,
					Tags: []string{tag}})
			return refused(err, http.StatusConflict,
				"No available machine matches constraints: "+
					"[('cpu_count', ['400']), ('tags', ['"+tag+
					"'])] (resolved to \"cpu_count=400.0 "+
					"tags="+tag+"\")")
		})
	claims.Hold("a tag that is not there: 400 and its name", func() error {
		_, err := maas.Machines.Allocate(&entity.MachineAllocateParams{
			Tags: []string{"nonesuch"}})
		return refused(err, http.StatusBadRequest,
			`{"tags": ["No such tag(s): 'nonesuch'."]}`)
	})
	claims.Hold("a dry run takes nothing", func() error {
		_, err := maas.Machines.Allocate(&entity.MachineAllocateParams{
			SystemID: id, DryRun: true})
		if err != nil {
			return err
		}
		machine, err := maas.Machine.Get(id)
		if err != nil {
			return err
		}
		return claims.Equal("the state", machine.StatusName, "Ready")
	})
	claims.Need("the one machine that fits is allocated", func() error {
		machine, err := maas.Machines.Allocate(
			&entity.MachineAllocateParams{Zone: zone, Pool: pool,
				Tags: []string{tag}, CPUCount: 2, Mem: 4096,
				AgentName: "gomaasclient"})
		if err != nil {
			return err
		}
		return claims.All(
			claims.Equal("it", machine.SystemID, id),
			claims.Equal("the state", machine.StatusName, "Allocated"),
			claims.Equal("the owner", machine.Owner, "admin"))
	})
	claims.Hold("it is found by its agent", func() error {
		machines, err := maas.Machines.Get(&entity.MachinesParams{
			AgentName: []string{"gomaasclient"}})
		if err != nil || len(machines) != 1 {
			return fmt.Errorf("%d machines: %v", len(machines), err)
		}
		return claims.Equal("it", machines[0].SystemID, id)
	})
	claims.Hold("it is among the allocated", func() error {
		machines, err := maas.Machines.ListAllocated()
		if err != nil || len(machines) != 1 {
			return fmt.Errorf("%d machines: %v", len(machines), err)
		}
		return claims.Equal("it", machines[0].SystemID, id)
	})
	claims.Hold("it bears annotations", func() error {
		machine, err := maas.Machine.SetWorkloadAnnotations(id,
			map[string]string{"cluster": "web"})
		if err != nil {
			return err
		}
		return claims.Equal("it", machine.WorkloadAnnotations["cluster"],
			"web")
	})
	claims.Hold("somebody else's machine is forbidden: 403, no word",
		func() error {
			_, err := plain.Machine.Get(id)
			return refused(err, http.StatusForbidden, "")
		})
	claims.Hold("a machine that is not there is not found", func() error {
		_, err := maas.Machine.Get("zzzzzz")
		return refused(err, http.StatusNotFound,
			"No Machine matches the given query.")
	})
}

// ---- deploying ----

func deploy() {
	data := base64.StdEncoding.EncodeToString(
		[]byte("#cloud-config\nruncmd: [ [ sh, -c, 'exit 0' ] ]\n"))
	claims.Need("it is deployed with user data", func() error {
		machine, err := maas.Machine.Deploy(id,
			&entity.MachineDeployParams{UserData: data,
				DistroSeries: "jammy"})
		if err != nil {
			return err
		}
		return claims.All(
			claims.Equal("the state", machine.Status,
				node.StatusDeploying),
			claims.Equal("the system", machine.OSystem, "ubuntu"),
			claims.Equal("its series", machine.DistroSeries, "jammy"))
	})
	claims.Hold("it is not deployed twice: 409", func() error {
		_, err := maas.Machine.Deploy(id, &entity.MachineDeployParams{})
		return refused(err, http.StatusConflict, "Can't deploy a "+
			"machine that is in the 'Deploying' state")
	})
	claims.Hold("it is not released by somebody else: 403, no word",
		func() error {
			_, err := plain.Machine.Release(id,
				&entity.MachineReleaseParams{})
			return refused(err, http.StatusForbidden, "")
		})
	claims.Hold("nor together with others: 403 and its id", func() error {
		err := plain.Machines.Release([]string{id}, "")
		return refused(err, http.StatusForbidden, "You don't have the "+
			"required permission to release the following "+
			"machine(s): "+id+".")
	})
	claims.Need("it comes up Deployed, on, with an address", func() error {
		machine, err := comesTo(node.StatusDeployed)
		if err != nil || len(machine.IPAddresses) != 1 {
			return fmt.Errorf("%v, %v", machine.IPAddresses, err)
		}
		ip = machine.IPAddresses[0].String()
		return claims.All(
			claims.Equal("the power", machine.PowerState, "on"),
			claims.Equal("its word", machine.StatusMessage,
				"Deployed"),
			claims.Equal("netboot", machine.Netboot, false),
			claims.Equal("its link",
				machine.BootInterface.Links[0].IPAddress, ip))
	})
	claims.Hold("its power is asked for", func() error {
		state, err := maas.Machine.GetPowerState(id)
		if err != nil {
			return err
		}
		return claims.Equal("it", state.State, "on")
	})
}

func comesTo(status node.Status) (machine *entity.Machine, err error) {
	err = claims.Until(fmt.Sprint("status ", status),
		func() (bool, string, error) {
			machine, err = maas.Machine.Get(id)
			return err == nil && machine.Status == status,
				machine.StatusName, err
		})
	return machine, err
}

// ---- names ----

const fqdn = "api-gomaasclient.maas"

var record *entity.DNSResource

func names() {
	claims.Need("a DNS resource is created with the address", func() error {
		made, err := maas.DNSResources.Create(&entity.DNSResourceParams{
			FQDN: fqdn, AddressTTL: 10, IPAddresses: ip})
		if err != nil {
			return err
		}
		record = made
		return shows(made, 10, ip)
	})
	claims.Hold("it is modified", func() error {
		changed, err := maas.DNSResource.Update(record.ID,
			&entity.DNSResourceParams{FQDN: fqdn, AddressTTL: 20})
		if err != nil {
			return err
		}
		return shows(changed, 20, ip)
	})
	claims.Hold("it is read", func() error {
		read, err := maas.DNSResource.Get(record.ID)
		if err != nil {
			return err
		}
		return shows(read, 20, ip)
	})
	claims.Hold("it is found by its name", func() error {
		found, err := maas.DNSResources.Get(&entity.DNSResourcesParams{
			FQDN: fqdn})
		if err != nil || len(found) != 1 {
			return fmt.Errorf("%d found: %v", len(found), err)
		}
		return claims.Equal("its id", found[0].ID, record.ID)
	})
	claims.Hold("it is deleted and gone", func() error {
		if err := maas.DNSResource.Delete(record.ID); err != nil {
			return err
		}
		_, err := maas.DNSResource.Get(record.ID)
		return refused(err, http.StatusNotFound,
			"No DNSResource matches the given query.")
	})
}

func shows(record *entity.DNSResource, ttl int, address string) error {
	if len(record.IPAddresses) != 1 {
		return fmt.Errorf("it has %d addresses", len(record.IPAddresses))
	}
	return claims.All(
		claims.Equal("its name", record.FQDN, fqdn),
		claims.Equal("its TTL", record.AddressTTL, ttl),
		claims.Equal("its address", record.IPAddresses[0].IP.String(),
			address))
}

// ---- releasing ----

func release() {
	claims.Hold("unknown machines are not released: 400", func() error {
		err := maas.Machines.Release([]string{"zzzzzz"}, "")
		return refused(err, http.StatusBadRequest,
			"Unknown machine(s): zzzzzz.")
	})
	claims.Need("it is released", func() error {
		machine, err := maas.Machine.Release(id,
			&entity.MachineReleaseParams{Comment: "no longer needed"})
		if err != nil {
			return err
		}
		return claims.True(machine.Status == node.StatusReleasing ||
			machine.Status == node.StatusReady,
			"it is %s", machine.StatusName)
	})
	claims.Need("it comes to Ready, without owner and annotations",
		func() error {
			machine, err := comesTo(node.StatusReady)
			if err != nil {
				return err
			}
			return claims.All(
				claims.Equal("the owner", machine.Owner, ""),
				claims.Equal("the power", machine.PowerState, "off"),
				claims.Equal("the system", machine.OSystem, ""),
				claims.Equal("addresses",
					len(machine.IPAddresses), 0),
				claims.Equal("annotations",
					len(machine.WorkloadAnnotations), 0),
				claims.Equal("its tag", machine.TagNames[0], tag))
		})
}

// ---- what an operator takes down ----

func tidy() {
	claims.Hold("a pool in use is not deleted: 400", func() error {
		return refused(maas.ResourcePool.Delete(poolID),
			http.StatusBadRequest,
			"Pool has machines in it, it cannot be deleted.")
	})
	claims.Hold("the machine moves back, and all is deleted", func() error {
		_, err := maas.Machine.Update(id, &entity.MachineUpdateParams{
			Zone: "default", Pool: "default"},
			map[string]interface{}{})
		if err != nil {
			return err
		}
		return claims.All(maas.ResourcePool.Delete(poolID),
			maas.Zone.Delete(zone), maas.Tag.Delete(tag))
	})
	claims.Hold("what is deleted is not found", func() error {
		_, err := maas.Zone.Get(zone)
		return refused(err, http.StatusNotFound,
			"No Zone matches the given query.")
	})
}

// ---- many at once ----

type catch struct {
	id  string
	err error
}

func crowd() {
	var caught []string
	claims.Hold("of many at once each gets another machine, or 409",
		func() error {
			catches := make(chan catch)
			callers := facts.Machines + 3
			for i := 0; i < callers; i++ {
				go func() { catches <- allocateAny() }()
			}
			for i := 0; i < callers; i++ {
				one := <-catches
				if one.err == nil {
					caught = append(caught, one.id)
				} else if err := refused(one.err,
					http.StatusConflict,
					"No machine available."); err != nil {
					return err
				}
			}
			return claims.All(
				claims.Equal("machines", len(caught),
					facts.Machines),
				claims.Equal("different ones",
					different(caught), facts.Machines))
		})
	claims.Hold("all are released together", func() error {
		if err := maas.Machines.Release(caught, "all"); err != nil {
			return err
		}
		return claims.Until("all Ready", func() (bool, string, error) {
			ready, err := maas.Machines.Get(&entity.MachinesParams{
				Status: []string{"ready"}})
			return len(ready) == facts.Machines,
				fmt.Sprint(len(ready)), err
		})
	})
}

func allocateAny() catch {
	machine, err := as(facts.Key).Machines.Allocate(
		&entity.MachineAllocateParams{})
	if err != nil {
		return catch{err: err}
	}
	return catch{id: machine.SystemID}
}

func different(ids []string) int {
	seen := map[string]bool{}
	for _, id := range ids {
		seen[id] = true
	}
	return len(seen)
}
