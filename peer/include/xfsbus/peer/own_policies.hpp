#pragma once

#include <xfsbus/policies/abi.h>
#include <xfsbus/policies/chunk_order.hpp>
#include <xfsbus/policies/integrity.hpp>
#include <xfsbus/policies/peer_selector.hpp>
#include <xfsbus/policies/upload_choice.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace xfsbus::peer {

/// Makes an object of a policy of the program's own. It may capture state, which its objects then
/// share. Called on threads of the peer, perhaps several at a time, and must not wait for the peer.
/// Each object is used by one thread at a time, and destroyed by the peer.
template <class Interface>
using MakePolicy = std::function<std::unique_ptr<Interface>()>;

/// A policy of the program's own, in place of a plug-in. What it does wrong is treated as if a
/// plug-in did it: what it throws, also while it is made, and answers that make no sense are
/// counted and made good by the built-in rule, or end the download if PeerOptions::strict_policy.
template <class Interface>
struct OwnPolicy {
    /// 1 to 32 of [a-z0-9-]: what status, logs and traces call it.
    std::string name;
    MakePolicy<Interface> make;  ///< empty: there is none
};

/// A policy of the program's own as what a plug-in would export: for other languages, and for a
/// plug-in that is linked into the program. It is of the kind that it names, has the default values
/// of its parameters, and is treated as a plug-in in all else: an object is made as a trial when
/// the peer starts, within five seconds.
struct OwnDescriptor {
    /// With all that it points to it stays as it is as long as anybody has `context`; if that is
    /// null, as long as the process.
    ::xfsbus_descriptor const* descriptor = nullptr;
    /// What create finds as xfsbus_services.context. The peer lets go of it when no object is left
    /// and none will be made, on any of its threads, as within a callback (PeerOptions); at the end
    /// of ~Peer at the latest, save for an object that hangs. What it owns may point to nothing.
    std::shared_ptr<void> context;
};

/// The policies that a program brings itself; each goes before the plug-in that PeerOptions names.
/// One for each download and query, for each file, for the peer, and for each file that is hashed.
struct OwnPolicies {
    OwnPolicy<policies::PeerSelector> selection;
    OwnPolicy<policies::ChunkOrder> chunk_order;
    OwnPolicy<policies::UploadChoice> upload_choice;
    /// Its name stands in manifests: other peers need the same under this name, and must accept it.
    /// What it throws fails what is being hashed; there is nothing else to check bytes by.
    OwnPolicy<policies::Integrity> integrity;
    /// Further ones, of kinds that are not above; one of each kind.
    std::vector<OwnDescriptor> descriptors;
};

}  // namespace xfsbus::peer
