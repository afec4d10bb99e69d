"""A whole cluster in one process: the components, put together.

Nothing here decides anything; it is the wiring diagram. Each component gets the API as *its* user sees it, and the kernel.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import orjson

from k8slab.apimachinery.timestamps import parse_time
from k8slab.sim import glassbox_network
from k8slab.sim.addons import ingress, metrics
from k8slab.sim.addons.dns import install_dns
from k8slab.sim.addons.ingress import IngressStatus, install_ingress
from k8slab.sim.addons.load_balancer import LoadBalancers
from k8slab.sim.addons.load_generator import LoadGenerator
from k8slab.sim.addons.load_kinds import LOAD_RUN
from k8slab.sim.addons.storage_classes import ACCOUNT, install_storage
from k8slab.sim.addons.storage_provisioner import StorageProvisioner
from k8slab.sim.addons.system import SYSTEM_IMAGES, control_plane_pods, install_system_pods, plugin
from k8slab.sim.apiserver.admission import Chain, default_plugins
from k8slab.sim.apiserver.apiextensions.definitions import Definitions
from k8slab.sim.apiserver.apiservices import register
from k8slab.sim.apiserver.app import ApiServer
from k8slab.sim.apiserver.audit import AuditLog
from k8slab.sim.apiserver.authentication import (
    Authenticator,
    ServiceAccountTokens,
    UserInfo,
    issuer,
    node_user,
    service_account_user,
)
from k8slab.sim.apiserver.authorization import Authorizer
from k8slab.sim.apiserver.certificates import request_contents, sign_request
from k8slab.sim.apiserver.handlers import Handlers
from k8slab.sim.apiserver.http import Request, Response, Stream
from k8slab.sim.apiserver.inside import PORT, InsideServer
from k8slab.sim.apiserver.kubelets import Kubelets
from k8slab.sim.apiserver.loopback import Loopback, LoopbackClient
from k8slab.sim.apiserver.operations import Operations
from k8slab.sim.apiserver.paths import Paths
from k8slab.sim.apiserver.pki import Pki
from k8slab.sim.apiserver.proxy import Proxy
from k8slab.sim.apiserver.registry import Registry
from k8slab.sim.apiserver.requestinfo import RequestInfo
from k8slab.sim.apiserver.reviews import Reviews
from k8slab.sim.apiserver.scheme import Scheme
from k8slab.sim.apiserver.streaming import Streaming
from k8slab.sim.bootstrap import bootstrap
from k8slab.sim.clock import Clock, Mode
from k8slab.sim.controllers import MANAGER, ControllerManager
from k8slab.sim.controllers.certificate_signing import Request as SigningRequest
from k8slab.sim.driver import Driver
from k8slab.sim.etcd import Log, Store
from k8slab.sim.exposition import merged
from k8slab.sim.faults import FAULT, FaultInjector, World, fault_errors
from k8slab.sim.faults.components import ApiServerSwitch, switch
from k8slab.sim.glassbox import GROUP, RESOURCES, GlassBox
from k8slab.sim.housekeeping import Housekeeping
from k8slab.sim.ingressdoor import IngressDoor
from k8slab.sim.kernel import Kernel
from k8slab.sim.kubelet import Kubelet, KubeletOptions, NodeConfig, PodRouter
from k8slab.sim.leaderelection import Replicas
from k8slab.sim.network import NetNamespace, Network
from k8slab.sim.network.ingress import IngressTable
from k8slab.sim.network.routes import PodNetwork
from k8slab.sim.nodeports import NodePorts
from k8slab.sim.portmappings import PortMappings, entrance
from k8slab.sim.runtime import Runtime
from k8slab.sim.runtime.saving import DiskKeeper
from k8slab.sim.scheduler import Scheduler, TraceLog
from k8slab.sim.visitors import Visitors

__all__ = ["Cluster", "ClusterConfig"]

log = logging.getLogger(__name__)

MASTER = UserInfo("system:apiserver", groups=("system:masters", "system:authenticated"))


@dataclass
class ClusterConfig:
    """What a cluster is made of.

    Parameters
    ----------
    nodes
        Its nodes; see `k8slab.sim.shape` for the usual ones.
    seed
        Seed of every random choice; None for another one each time.
    clock_mode, clock_rate
        How time passes.
    start_delays
        Whether pulling and starting take the time they would.
    network_policy
        Whether the network plugin enforces NetworkPolicies.
    system_pods
        Whether CoreDNS, kube-proxy, the network plugin and the control plane show as pods.
    ingress
        Whether an Ingress controller comes along.
    pod_network
        How packets get from node to node: see `k8slab.sim.network.routes`.
    database
        The store's file; None keeps everything in memory.
    audit_log
        File the audit log goes to; None keeps it in memory.
    """

    nodes: list[NodeConfig] = field(default_factory=list)
    seed: int | None = None
    clock_mode: Mode = "real"
    clock_rate: float = 1.0
    start_delays: bool = True
    network_policy: bool = True
    pod_network: PodNetwork = "routed"
    system_pods: bool = False
    ingress: bool = False
    database: Path | None = None
    audit_log: Path | None = None


class Cluster:
    """The components of one cluster, and the ASGI application that is its API.

    Parameters
    ----------
    config
        What it is made of.
    pki
        Its certificates and keys.
    loop
        The asyncio loop of this thread.
    """

    def __init__(self, config: ClusterConfig, pki: Pki, loop: asyncio.AbstractEventLoop) -> None:
        self.config, self._pki = config, pki
        self.kernel = Kernel(Clock(config.clock_mode, config.clock_rate), config.seed)
        self.kernel.on_error = lambda error: log.error("a component failed", exc_info=error)
        self.store = Store(Log(config.database, loop.call_soon_threadsafe) if config.database else None)
        self.kernel.clock.jump(max(0.0, _last_moment(self.store) - self.kernel.now()))
        self.driver = Driver(self.kernel, loop)
        self.scheme = Scheme()
        ours = (*RESOURCES, FAULT, LOAD_RUN, *glassbox_network.RESOURCES)
        for resource in (*ours, *metrics.RESOURCES, *metrics.custom_resources(())):
            self.scheme.add(resource)
        for group in (metrics.GROUP, metrics.CUSTOM, metrics.EXTERNAL):
            self.scheme.set_group_priority(group, metrics.GROUP_PRIORITY)
        self._assemble()

    def _assemble(self) -> None:
        kernel, config = self.kernel, self.config
        self.audit = AuditLog(kernel, config.audit_log)
        self.loopback = Loopback(self.scheme, self.store, kernel, self.audit)
        master = self.loopback.client(MASTER, "kube-apiserver")
        self.authorizer = Authorizer(master)
        self.tokens = ServiceAccountTokens(master, kernel, self._pki.account_key, self._pki.account_public_key)
        self.registry = Registry(self.scheme, self.store, kernel, Chain(default_plugins(master, kernel, self.authorizer)))
        self.operations = Operations(self.registry, Reviews(self.authorizer, self.tokens))
        self.registry.validators[FAULT.full_name] = fault_errors
        self.loopback.connect(self.operations, self.authorizer)
        self.definitions = Definitions(self.registry)
        self.traces = TraceLog()
        self._components()

    def _components(self) -> None:
        kernel, config = self.kernel, self.config
        proxy = self._client("system:kube-proxy", "kube-proxy")
        self.network = Network(proxy, kernel, config.network_policy, config.pod_network)
        self.runtime = Runtime(kernel, self.network)
        scheduler = self._client("system:kube-scheduler", "kube-scheduler")
        self.scheduler = Scheduler(scheduler, kernel, self.traces)
        self.controllers = ControllerManager(
            self._controller_client,
            kernel,
            resources=lambda: [r for r in self.scheme if r.stored and r.stored_as == r.api_version],
            ca_pem=self._pki.ca.certificate.decode(),
            sign_token=self.tokens.legacy,
            sign_certificate=lambda pem, seconds, server: sign_request(self._pki.ca, pem, seconds, server, kernel.now()),
            read_request=lambda pem: SigningRequest(*request_contents(pem)),
        )
        hosts = [node.name for node in self._servers()] or ["control-plane"]
        manager = self._controller_client(MANAGER)
        self.electors = {
            "kube-scheduler": Replicas.on(hosts, scheduler, kernel, "kube-scheduler", self.scheduler),
            MANAGER: Replicas.on(hosts, manager, kernel, MANAGER, self.controllers),
        }
        volumes = config.database.with_name("volumes.json") if config.database else None
        self.disks = DiskKeeper(volumes, self.runtime, kernel)
        provisioner = self.loopback.client(service_account_user("kube-system", ACCOUNT), ACCOUNT)
        self.provisioner = StorageProvisioner(provisioner, kernel, self.runtime.disks.discard)
        account = self.loopback.client(service_account_user(ingress.NAMESPACE, ingress.ACCOUNT), "nginx-ingress-controller")
        self.ingress_table = self.network.ingress = IngressTable(account, self.network.services)
        self.ingress_status = IngressStatus(account, kernel)
        self.ingress_status.served = self.ingress_table.served
        self.load_balancers = LoadBalancers(self._controller_client(LoadBalancers.account), kernel)
        options = KubeletOptions(start_delays=float(config.start_delays))
        router = PodRouter(self._client("system:kubelets", "kubelet"))
        self.kubelets = {
            node.name: Kubelet(
                self._node_client(node.name), kernel, self._as_started(node), self.runtime, self.network, options, router
            )
            for node in config.nodes
        }
        self.metrics = metrics.MetricsServer(self._client("system:metrics-server", "metrics-server"), kernel, self.kubelets)
        for resource in metrics.RESOURCES:
            self.loopback.unstored[resource.full_name] = partial(self.metrics.list, resource)
        for server in self._servers():
            self.kubelets[server.name].port.files["kubernetes/audit.log"] = self.audit.lines
        self.load = LoadGenerator(self.loopback.client(MASTER, "k8slab-load-generator"), kernel, self.network)
        prometheus = self._client("system:serviceaccount:monitoring:prometheus", "prometheus")
        self.adapter = metrics.MetricsAdapter(prometheus, kernel, self.network, self.load.metrics, self._announce)
        for group in (metrics.CUSTOM, metrics.EXTERNAL):
            self.loopback.raw[group] = self.adapter.get
        self.housekeeping = Housekeeping(self.store, kernel)
        self._breakable()

    def _announce(self, custom: set[str], external: set[str]) -> None:
        """Let discovery show which application metrics there are."""
        known = {r.plural for r in self.scheme.in_version(metrics.EXTERNAL, "v1beta1")}
        for gone in known - external:
            self.scheme.remove(metrics.EXTERNAL, "v1beta1", gone)
        for resource in (*metrics.custom_resources(custom), *metrics.external_resources(external)):
            self.scheme.add(resource)
        register(self.registry)

    def _breakable(self) -> None:
        """Say what faults can act on."""
        master = self.loopback.client(MASTER, "k8slab")
        servers = tuple(node.name for node in self._servers())
        nodes, pods = master.informer("nodes"), master.informer("pods")
        world = World(self.kubelets, self.network, self.runtime, nodes, pods, servers, {})
        self.api_switch = ApiServerSwitch(world, self.kubelets)
        world.components.update(
            {
                "kube-apiserver": self.api_switch,
                "metrics-server": switch(self.metrics),
                "prometheus": switch(self.adapter),
                "addons": switch(self.provisioner, self.load_balancers),
                "dns": lambda down: setattr(self.network.dns, "silent", down),
            }
        )
        for name, replicas in self.electors.items():
            world.components[f"{name}/api"] = replicas.cut
            world.leaders[name] = replicas.leader
            for host in replicas.instances:
                world.components[f"{name}@{host}"] = partial(self._switch_instance, replicas.switch(host), name, host)
        self.faults = FaultInjector(master, self.kernel, world)

    def _switch_instance(self, switch_off: Callable[[bool], object], component: str, host: str, down: bool) -> None:
        """Stop or start an instance of a component, and its static pod with it."""
        switch_off(down)
        if host in self.kubelets:
            self.kubelets[host].fail_component(component, down)

    def application(self) -> ApiServer:
        """Return the ASGI application."""
        paths = Paths(self.scheme, self.store)
        paths.metrics += [self.scheduler.metrics, self.controllers.metrics, self.load.metrics]
        paths.metrics.append(lambda: merged([family for r in self.electors.values() for family in r.metrics()]))
        paths.documents[issuer.CONFIGURATION_PATH] = lambda request: Response.json(
            200, issuer.configuration(request.headers.get("host", ""))
        )
        keys = self._pki.account_public_key
        paths.documents[issuer.KEYS_PATH] = lambda _: Response(
            200, orjson.dumps(issuer.key_set(keys)), "application/jwk-set+json"
        )
        handlers = Handlers(self.operations)
        kubelets = Kubelets(self.store, self.kubelets)
        app = ApiServer(
            scheme=self.scheme,
            store=self.store,
            driver=self.driver,
            authenticator=Authenticator(self.tokens, self.kernel.now),
            authorizer=self.authorizer,
            audit=self.audit,
            handlers=handlers,
            paths=paths,
            streaming=Streaming(self.kernel, self.driver, kubelets),
            proxy=Proxy(self.store, self.kernel, self.driver, self.network, kubelets, self._api_server_namespace),
        )
        box = GlassBox(self.kernel, self.driver, self.traces)
        others = glassbox_network.NetworkKinds(self.network, self.kernel, box.answer).answer

        async def glass_box(request: Request, info: RequestInfo, user: UserInfo) -> Response | Stream:
            if info.resource == LOAD_RUN.plural:
                return await handlers.handle(request, info, LOAD_RUN, user)
            return await others(request, info, user)

        app.aggregated[GROUP] = glass_box
        app.aggregated[metrics.GROUP] = self.metrics.answer
        app.aggregated[metrics.CUSTOM] = app.aggregated[metrics.EXTERNAL] = self.adapter.answer
        app.stored.add(FAULT.full_name)
        addresses = self._control_plane()
        inside = InsideServer(app, self._pki.ca.certificate.decode(), addresses)
        for address in addresses:
            self.network.listen(address, PORT, inside)
        self.api_switch.doors.append(partial(self._inside_door, inside))
        return app

    def _inside_door(self, inside: InsideServer, down: bool) -> None:
        """Let pods reach the API server, or not."""
        for address in self._control_plane():
            if down:
                self.network.unlisten(address, PORT)
            elif not self.network.listening(address, PORT):
                self.network.listen(address, PORT, inside)

    def _servers(self) -> list[NodeConfig]:
        return [n for n in self.config.nodes if "control-plane" in n.roles] or self.config.nodes[:1]

    def _control_plane(self) -> tuple[str, ...]:
        """Return the addresses on which the pods find the API server."""
        return tuple(node.internal_ip for node in self._servers())

    def _api_server_namespace(self) -> NetNamespace | None:
        servers = self._servers()
        return self.network.namespace_of_node(servers[0].name) if servers else None

    def start(self) -> None:
        """Fill the store with what every cluster has, and start the components."""
        advertised = self._control_plane() or ("127.0.0.1",)  # a control plane without nodes: only the host reaches it
        bootstrap(self.registry, advertised, PORT, self._pki.ca.certificate.decode())
        self.definitions.start()
        if self.config.ingress:
            install_ingress(self.loopback.client(MASTER, "kubectl"))
        if self.config.system_pods:
            install_system_pods(self.loopback.client(MASTER, "kubeadm"), self.config.pod_network, self.config.network_policy)
        install_dns(self.loopback.client(MASTER, "kubeadm"))
        install_storage(self.loopback.client(MASTER, "kubeadm"))
        metrics.install_metrics(self.loopback.client(MASTER, "kubeadm"))
        for component in self._in_order():
            component()
        self._mark_control_plane()
        self.driver.wake()

    def _mark_control_plane(self) -> None:
        """Label the control plane's nodes, which a kubelet may not do itself (kubeadm's mark-control-plane phase)."""
        kubeadm = self.loopback.client(MASTER, "kubeadm")
        for node in self.config.nodes:
            labels = {f"node-role.kubernetes.io/{role}": "" for role in node.roles}
            if self.config.ingress and node is entrance(self.config.nodes):
                labels[ingress.READY_LABEL] = "true"
            if labels:
                kubeadm.patch("nodes", node.name, "", {"metadata": {"labels": labels}}, "strategic")

    def _as_started(self, node: NodeConfig) -> NodeConfig:
        """Return a node as its kubelet gets it: with the images and static pods that its kind of node has, without its role."""
        if not self.config.system_pods:
            return replace(node, roles=())
        server = "control-plane" in node.roles
        own = (
            *SYSTEM_IMAGES[""],
            plugin(self.config.pod_network, self.config.network_policy),
            *(SYSTEM_IMAGES["control-plane"] if server else ()),
        )
        if self.config.ingress and node is entrance(self.config.nodes):
            own = (*own, ingress.IMAGE)
        self.runtime.node(node.name).remember(own)
        return replace(node, roles=(), static_pods=tuple(control_plane_pods(node.internal_ip)) if server else ())

    def _in_order(self) -> list[Callable[[], None]]:
        kubelets = [kubelet.start for kubelet in self.kubelets.values()]
        return [
            self.housekeeping.start,
            self.disks.start,
            self.network.start,
            *kubelets,
            self.electors[MANAGER].start,
            self.provisioner.start,
            self.load_balancers.start,
            *((self.ingress_table.start, self.ingress_status.start) if self.config.ingress else ()),
            self.electors["kube-scheduler"].start,
            self.metrics.start,
            self.load.start,
            self.adapter.start,
            self.faults.start,
        ]

    def node_ports(self) -> NodePorts:
        """Return what serves the node ports on the host; to be started when the cluster has been."""
        client = self.loopback.client(MASTER, "k8slab")
        return NodePorts(client, self.kernel, self.driver, self.network, [n.internal_ip for n in self.config.nodes])

    def ingress_door(self) -> IngressDoor | None:
        """Return what leads from the host to the Ingress controller; to be opened when the cluster has been started."""
        if not self.config.ingress:
            return None
        node = entrance(self.config.nodes)
        visitors = Visitors(self.kernel, self.driver, self.network, node.internal_ip)
        usual = {port: host_port for host_port, port in node.port_mappings}
        return IngressDoor(self.loopback.client(MASTER, "k8slab"), visitors, self.ingress_table, usual)

    def port_mappings(self) -> PortMappings:
        """Return what serves the port mappings of a kind configuration; to be opened when the cluster has been started."""
        client, config = self.loopback.client(MASTER, "k8slab"), self.config
        return PortMappings(client, self.kernel, self.driver, self.network, config.nodes, config.ingress)

    def stop(self) -> None:
        """Stop the components and let the store's file go."""
        kubelets = [kubelet.stop for kubelet in self.kubelets.values()]
        for stop in (
            self.adapter.stop,
            self.load.stop,
            self.faults.stop,
            self.metrics.stop,
            self.electors["kube-scheduler"].stop,
            self.load_balancers.stop,
            *((self.ingress_table.stop, self.ingress_status.stop) if self.config.ingress else ()),
            self.provisioner.stop,
            self.electors[MANAGER].stop,
            *kubelets,
            self.network.stop,
            self.housekeeping.stop,
            self.disks.stop,
        ):
            stop()
        self.driver.close()
        self.store.close()
        self.audit.close()

    def _client(self, user: str, manager: str) -> LoopbackClient:
        return self.loopback.client(UserInfo(user, groups=("system:authenticated",)), manager)

    def _controller_client(self, controller: str) -> LoopbackClient:
        if controller == MANAGER:
            return self._client(f"system:{MANAGER}", MANAGER)
        return self.loopback.client(service_account_user("kube-system", controller), "kube-controller-manager")

    def _node_client(self, node: str) -> LoopbackClient:
        return self.loopback.client(node_user(node), "kubelet")


def _last_moment(store: Store) -> float:
    """Return until when the cluster of a store has lived, by its leases: time never goes back, also on another clock."""
    renewed = (entry.value["spec"].get("renewTime") for entry in store.range("/registry/leases/"))
    return max((parse_time(text) for text in renewed if text), default=0.0)
