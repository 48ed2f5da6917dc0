"""The relations: signature with units (`:unit`) and key arguments (`*`), then meaning, then example."""

RELATIONS_TEXT = """
machine(Name*)
    the name that the source gives the machine
    machine(amd_4x4)
core(Core*, Package)
    a hardware thread by its SKB id from 0, and its package, or `none`
    core(3, 0)
physical_core(Core*, Id)
    the physical core that the hardware thread belongs to
    physical_core(3, 1)
pu(Core*, OsIndex, HwId)
    the thread's index in the operating system and its APIC or MPIDR id, or `unknown`
    pu(3, 3, 17)
clock_hz(Core*, Hz:Hz)
    clock rate
    clock_hz(0, 2500000000)
isa(Core*, Isa)
    instruction set
    isa(0, x86_64)
core_kind(Core*, Kind)
    rank of the core's kind on a hybrid machine
    core_kind(0, 1)
cpu_feature(Core*, Feature*)
    an instruction set extension or unit that the core has, by Linux's name: fpu, avx512f, sve, ...
    cpu_feature(0, avx512f)
disallowed(Core*)
    present in the machine, not to be used
    disallowed(5)
cache(Id*, Core*, Level, Type, SizeBytes:bytes, LineBytes:bytes)
    a cache and a core that it serves; Type data, instruction or unified; sizes or `unknown`
    cache(7, 0, 3, unified, 6291456, 64)
numa_node(Node*, OsIndex, Bytes:bytes)
    a memory node and its size
    numa_node(0, 0, 8589934592)
core_node(Core*, Node*)
    the core is local to the memory node
    core_node(0, 0)
numa_distance(From*, To*, Value:SLIT)
    relative distance of two nodes, 10 is local
    numa_distance(0, 1, 20)
numa_bandwidth(From*, To*, MiBPerSecond:MiB/s)
    bandwidth from cores of one node to the memory of another
    numa_bandwidth(0, 1, 5600)
die(Core*, Id)
    the die of a core
    die(0, 0)
group(Core*, Depth*, Id)
    the group of a core at a depth of the source's tree
    group(0, 1, 0)
package_link(P*, Q*)
    an interconnect link; both directions are stated
    package_link(0, 1)
package_hops(P*, Q*, Hops)
    links between two packages, 0 for the same
    package_hops(0, 3, 2)
message_rtt(Src*, Dst*, Avg:cycles, Var:cycles, Min:cycles, Max:cycles)
    round trip of a message by an ordered pair of cores
    message_rtt(0, 1, 420, 10, 400, 460)
message_send(Src*, Dst*, Avg:cycles, Dev:cycles)
    what sending a message costs the sender
    message_send(0, 1, 62, 25)
message_receive(Src*, Dst*, Avg:cycles, Dev:cycles)
    what receiving a message costs the receiver
    message_receive(0, 1, 779, 168)
message_latency_ps(Src*, Dst*, Avg:ps, Dev:ps, Min:ps, Max:ps)
    one-way latency of a message
    message_latency_ps(0, 1, 84000, 2000, 80000, 92000)
message_throughput(Src*, Dst*, Rate:messages/Mcycle)
    pipelined messages of an ordered pair
    message_throughput(0, 1, 3570)
message_interval_ps(Src*, Dst*, Avg:ps, Dev:ps, Min:ps, Max:ps)
    time from message to message in a pipelined stream: what throughput is the inverse of
    message_interval_ps(0, 1, 9300, 400, 8700, 10900)
message_samples(Src*, Dst*, Relation*, Count, Method)
    how many timings a measured fact of that relation rests on, and how they were taken: machine_code or compiled
    message_samples(0, 1, message_latency_ps, 512, machine_code)
cost(Name*, Value, Unit)
    a scalar cost of the machine with its unit
    cost(context_switch, 4000, ns)
measured_progress(Application*, Iterations, Window:ms)
    what an application did in a run: iterations, or messages received, in so much virtual time
    measured_progress(barrier, 5063037, 15000)
measured_misses(Application*, Jobs)
    how many of its jobs missed their deadlines in that run
    measured_misses(barrier, 0)
measured_utilisation_ppm(Application*, Core*, Share:ppm)
    the share of a core that an application had in that run
    measured_utilisation_ppm(barrier, 3, 480000)
manifest(Id*, Application, Dispatchers, Text)
    a manifest that the placement controller has admitted
    manifest(5, barrier, 16, "B 1")
phase(Id*, Phase)
    the phase that an admitted application is in
    phase(5, 1)
reservation(Id*, Phase*, Dispatcher*, Core, Kind, Wcet:ns, Period:ns, Deadline:ns, Release:ns, Delay:ns, Weight)
    what a dispatcher of an admitted application holds in one of its phases; Release is the offset in the period
    reservation(5, 1, 0, 0, h, 80000000, 160000000, 80000000, 0, 480000000, 0)
package(Package*, OsIndex)
    the package's number in the operating system
    package(1, 9)
disallowed_node(Node*)
    a memory node in the machine, not to be used
    disallowed_node(1)
unavailable_node(OsIndex*)
    the machine has this memory node, but it is off or hidden and is no numa_node here
    unavailable_node(6)
without_core(Type*, Id*, Node*)
    a part of hwloc's type none of whose CPUs is a core here, its id among its kind, and a memory node in it, or `none`
    without_core('Package', 1, 2)
unavailable_pu(OsIndex*)
    the machine has this CPU, but it is off or hidden and is no core here
    unavailable_pu(4)
isolated(Core*)
    kept apart by the kernel (isolcpus)
    isolated(2)
tickless(Core*)
    without the kernel's tick (nohz_full)
    tickless(2)
memory_cache(Id*, Node*, SizeBytes:bytes, LineBytes:bytes)
    a memory-side cache in front of a node; sizes or `unknown`
    memory_cache(0, 0, 67108864, 64)
memory_attribute(Name*, Node*, Core*, Value*)
    an hwloc memory attribute in hwloc's unit; Core is `any` without an initiator
    memory_attribute('Bandwidth', 2, 3, 11000)
memory_tier(Node*, Tier)
    the place of the node's tier in the source
    memory_tier(0, 1)
object_distance(Matrix*, Means*, From*, To*, Value)
    a matrix between objects; Means is latency, bandwidth, hops or unknown; objects are package(I), core(I), ...
    object_distance('LinkBandwidth', bandwidth, package(0), package(1), 400)
memory_latency(Core*, Node*, Cycles:cycles)
    access from a core to the memory of a node
    memory_latency(0, 1, 505)
memory_bandwidth(Core*, Node*, Access*, MiBPerSecond:MiB/s)
    bandwidth that the firmware or hwloc states from a core to a memory node; Access is read, write or any
    memory_bandwidth(0, 1, read, 131072)
memory_latency_ns(Core*, Node*, Access*, Ns:ns)
    latency that the firmware or hwloc states from a core to a memory node; Core is `any` without an initiator
    memory_latency_ns(0, 1, read, 26)
cache_latency(Where*, Cycles:cycles)
    access to a cache: l1, l2, l3, other_l1_l2, one_hop, two_hop
    cache_latency(one_hop, 190)
coherence(Kind)
    whether hardware keeps caches coherent: hardware or none
    coherence(hardware)
mesh_position(Core*, X:tiles, Y:tiles)
    where the core's tile lies in the mesh
    mesh_position(13, 0, 1)
message_buffer(Tile*, Bytes:bytes)
    the message-passing buffer of a tile; Tile is the id of group(Core, 0, Tile)
    message_buffer(0, 16384)
external_link(P*, Q*, LatencyNs:ns, BytesPerSecond:bytes/s)
    a link that joins two packages without shared memory
    external_link(0, 1, 5000, 200000000)
denied(Fact*)
    a quirk: facts of lower layers that match this pattern are not true
    denied(core(5, _))
corename(Core*, Arch, HwId)
    Barrelfish core id, architecture, hardware id as apic(Id)
    corename(0, x86_64, apic(16))
cpu(Core*, Package)
    core and package (older Barrelfish)
    cpu(0, 0)
apic(ProcessorId*, ApicId, Enabled)
    MADT entry of a local APIC
    apic(0, 0, 1)
cpu_thread(ApicId*, Package, CoreInPackage, Thread)
    where CPUID places an APIC id
    cpu_thread(16, 1, 0, 0)
vendor(Core*, Vendor)
    maker of the processor
    vendor(0, amd)
maxstdcpuid(Core*, Leaf)
    highest standard CPUID leaf
    maxstdcpuid(0, 5)
cache(Name*, Core*, Level*, Type*, SizeBytes:bytes, AssocCode, LineBytes:bytes, LinesPerTag)
    Barrelfish's cache as CPUID tells it
    cache(l1d, 0, 1, data, 65536, 2, 64, 1)
associativity_encoding(Vendor*, Level*, Code*, Meaning)
    what a CPUID associativity code means
    associativity_encoding(amd, 1, 2, 2)
tlb(Core*, Level*, Type*, AssocCode*, Entries*, PageBytes:bytes*)
    a TLB as CPUID tells it
    tlb(0, 1, data, 255, 48, 4096)
nr_running_cores(N)
    how many cores Barrelfish has booted
    nr_running_cores(16)
pci_discovery_done()
    a marker: all PCI functions are stated
    pci_discovery_done
boot_perfmon_done()
    a marker: the performance monitor of the boot has finished
    boot_perfmon_done
datagatherer_done()
    a marker: the measurements of the boot are stated
    datagatherer_done
arm_core(Mpidr*, Type)
    an ARM core by MPIDR and type
    arm_core(0, cortexA9)
memory_region(Base*, Bits*, SizeBytes:bytes*, Type*, Data*)
    a region of physical memory
    memory_region(0, 0, 655360, 0, 0)
mem_region_type(Code*, Name)
    what a region's type code means
    mem_region_type(0, ram)
cpu_affinity(ApicId*, SapicEid*, Domain)
    SRAT: the proximity domain of a processor
    cpu_affinity(16, 0, 1)
memory_affinity(Base*, LengthBytes:bytes*, Domain)
    SRAT: the proximity domain of a memory range
    memory_affinity(0, 1073741824, 0)
node_distance(From*, To*, Value:SLIT)
    SLIT distance of two proximity domains
    node_distance(0, 1, 20)
ht_link(From*, To*)
    a directed HyperTransport link between cpuN, pciN, memN
    ht_link(cpu0, cpu1)
rootcomplex_addr(RootComplex*, Addr)
    PCI address of a root complex
    rootcomplex_addr(pci0, addr(0, 0, 0))
fixed_memory(Low*, High*)
    an address range that must not be moved
    fixed_memory(4273995776, 4273999872)
rootbridge(Addr*, ChildBus*, Window*)
    a PCI root bridge, its buses and memory window
    rootbridge(addr(0, 0, 0), childbus(0, 63), mem(3221225472, 3758096383))
rootbridge_address_window(Addr*, Window*)
    an address window of a root bridge
    rootbridge_address_window(addr(0, 0, 0), mem(0, 65535))
bridge(Bus*, Addr*, Vendor, DeviceId, Class, SubClass, ProgIf, Secondary)
    a PCI bridge; addr(Bus, Dev, Fun), in a domain other than 0 addr(Domain, Bus, Dev, Fun)
    bridge(pcie, addr(0, 1, 0), 32902, 13320, 6, 4, 0, secondary(1))
bridge_buses(Addr*, First, Last)
    the numbers of the buses behind a bridge
    bridge_buses(addr(0, 1, 0), 1, 4)
device(Bus*, Addr*, Vendor, DeviceId, Class, SubClass, ProgIf, IntPin)
    a PCI function; IntPin 0 to 3, -1 for none, or `unknown`
    device(pcie, addr(1, 0, 0), 32902, 5409, 2, 0, 0, 0)
device(Bus*, Addr*, Vendor, DeviceId, ClassWord)
    a PCI function (older Barrelfish)
    device(pci, addr(0, 0, 0), 4130, 29728, 88080384)
device_core(Addr*, Core*)
    a core that is near a PCI function
    device_core(addr(1, 0, 0), 3)
device_node(Addr*, Node*)
    a memory node that is near a PCI function
    device_node(addr(1, 0, 0), 0)
device_memory(Addr*, OsIndex*, Bytes:bytes)
    a memory node of the operating system that is a device's own memory and no `numa_node` here
    device_memory(addr(4, 5, 0, 0), 250, 16106127360)
os_device(Name*, Type*, Addr)
    a device of the operating system: storage, network, gpu, ..., and its PCI function, or `none`
    os_device(eth0, network, addr(1, 0, 0))
misc(Id*, Name)
    an object of hwloc's Misc kind, which whoever made the source added by name
    misc(0, 'rack 4')
bar(Addr*, Number*, Base, SizeBytes:bytes, Space, Prefetchable, Bits)
    a base address register
    bar(addr(1, 0, 0), 0, 4261412864, 131072, mem, nonprefetchable, 32)
ioapic(Id*, Address, GsiBase)
    an I/O APIC
    ioapic(0, 4273995776, 0)
interrupt_override(Bus*, Source*, Gsi, Flags)
    MADT interrupt override
    interrupt_override(0, 0, 2, 0)
apic_nmi(ProcessorId*, Flags, Lint)
    MADT local APIC NMI
    apic_nmi(0, 5, 1)
prt(Addr*, Pin*, Route)
    interrupt routing of a PCI pin
    prt(addr(0, 1, _), 0, gsi(16))
pir(Name*, Gsi*)
    a GSI that an interrupt link device may take
    pir("LNKA", 10)
parallelapp(Name*, MaxThreads, MoreCoresBetter, SyncIntensive)
    an application of the Barrelfish scheduler program
    parallelapp(a, 10, 1, 1)
link(From*, To*)
    a directed link
    link(n0, n1)
node_bw(Node*, Bandwidth)
    memory bandwidth of a node
    node_bw(0, 20)
node_cost(Node*, Cost)
    cost of using a node
    node_cost(0, 3)
"""
