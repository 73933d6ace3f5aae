#pragma once

#include "runtime/engine.hpp"

#include <xfsbus/peer/subscribe.hpp>

#include <memory>
#include <string>

namespace xfsbus::peer::runtime {

/// The jobs of a Peer. Any thread.
std::shared_ptr<JobState> begin_find(Engine& engine, std::string const& name,
                                     Engine::Telling const& to);
std::shared_ptr<JobState> begin_list(Engine& engine, std::string const& pattern,
                                     Engine::Telling const& to);
std::shared_ptr<JobState> begin_subscribe(Engine& engine, SubscribeRequest const& request,
                                          Engine::Telling const& to);
std::shared_ptr<JobState> begin_download(Engine& engine, DownloadRequest const& request,
                                         Engine::Telling const& to);
std::shared_ptr<JobState> begin_push(Engine& engine, PushRequest const& request,
                                     Engine::Telling const& to);
std::shared_ptr<JobState> begin_publish(Engine& engine, PublishRequest const& request,
                                        Engine::Telling const& to);
std::shared_ptr<JobState> begin_update(Engine& engine, Engine::Telling const& to);

}  // namespace xfsbus::peer::runtime
