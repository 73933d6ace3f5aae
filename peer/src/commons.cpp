#include "runtime/peer_threads.hpp"

#include <xfsbus/bus/reactor.hpp>
#include <xfsbus/peer/commons.hpp>
#include <xfsbus/swarm/descriptor_shares.hpp>

#include <exception>
#include <string>
#include <utility>

namespace xfsbus::peer {

Commons::Commons(std::shared_ptr<runtime::PeerThreads> threads) : threads_(std::move(threads)) {}

Commons::~Commons() = default;

Result<std::shared_ptr<Commons>> Commons::start(CommonsOptions options) {
    if (bus::open_descriptors() + swarm::descriptors_least > bus::descriptor_limit()) {
        return Error{Errc::failed,
                     "too few file descriptors are left for peers; raise the limit (ulimit -n)"};
    }
    try {
        return std::shared_ptr<Commons>(new Commons(runtime::PeerThreads::of_many(options.peers)));
    } catch (std::exception const& error) {  // of the system, or of libzmq
        return Error{Errc::failed,
                     std::string("cannot start what peers have in common: ") + error.what()};
    }
}

}  // namespace xfsbus::peer
