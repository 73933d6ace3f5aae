// A swarm and the libraries below it in another program: links with all, runs a little of each.
#include <xfsbus/bus/reactor.hpp>
#include <xfsbus/policies/host/hash_algorithm.hpp>
#include <xfsbus/policies/host/ranking_factory.hpp>
#include <xfsbus/policies/host/selector_factory.hpp>
#include <xfsbus/testing.hpp>
#include <xfsbus/wire/codec.hpp>

#include <chrono>
#include <iostream>
#include <variant>

namespace {

using namespace xfsbus;

bool plugins_load() {
    policies::PluginPath const path({PLUGINS});
    auto const policy = policies::load_peer_selector({"libqueuetime.so", {}}, path);
    auto const order = policies::load_chunk_order({"rarest", {}}, path);
    auto const hash = policies::load_integrity({"sha256", {}}, path);
    return policy->make(1) != nullptr && order->make() != nullptr &&
           policies::digest(*hash, {}).size() == 32;
}

bool messages_survive() {
    auto const frames = wire::encode(wire::Pong{7}, 3);
    auto const decoded = wire::decode(frames.header, frames.body);
    auto const* envelope = std::get_if<wire::Envelope>(&decoded);
    return envelope != nullptr && envelope->request == 3 &&
           std::get<wire::Pong>(envelope->message).load == 7;
}

bool swarm_shares() {
    testing::Swarm swarm(2);
    swarm.share(0, "a.txt", "here");
    return swarm.peer(1).find("a.txt", std::chrono::seconds(20)).ok();
}

}  // namespace

int main() {
    std::cout << "plugins " << PLUGINS << "\nlibzmq " << bus::zmq_version() << "\n";
    bool const good = plugins_load() && messages_survive() && swarm_shares();
    std::cout << (good ? "good" : "bad") << "\n";
    return good ? 0 : 1;
}
