//! Layers whose services are called by reference, found again where any layer can come.

use std::any::Any;
use std::sync::Arc;

use kitex_core::{CallRef, SharedService};
use tower_layer::Layer;

use super::Wrap;

macro_rules! first_of {
    ($layer:expr; $($type:ty),+ $(,)?) => {{
        let layer: &dyn Any = $layer;
        None$(.or_else(|| layer.downcast_ref::<$type>().map(wrap)))+
    }};
}

/// How a layer of this crate is put on, so that its service is not cloned for a call; nothing for any other.
pub(super) fn by_ref(layer: &dyn Any) -> Option<Arc<Wrap>> {
    #[cfg(feature = "metrics")]
    let metrics = first_of!(layer; crate::MetricsLayer);
    #[cfg(not(feature = "metrics"))]
    let metrics = None;
    metrics.or_else(|| {
        first_of!(
            layer;
            crate::AccessLayer,
            crate::AdaptiveLayer,
            crate::AssignDeadlineLayer,
            crate::BreakerLayer,
            crate::CatchPanicLayer,
            crate::ConcurrencyLayer,
            crate::DeadlineLayer,
            crate::FallbackLayer,
            crate::FaultLayer,
            crate::RateLayer,
            crate::RetryLayer,
            crate::TraceLayer,
        )
    })
}

/// Whether a layer waits for nothing but what is beneath it, or ends what it waits for at the call's deadline, as retries
/// do with their pauses: those that do not fit into what is left are not made.
pub(super) fn waits_beneath_only(layer: &dyn Any) -> bool {
    macro_rules! is_one_of {
        ($($type:ty),+ $(,)?) => { false$(|| layer.is::<$type>())+ };
    }
    #[cfg(feature = "metrics")]
    if layer.is::<crate::MetricsLayer>() {
        return true;
    }
    is_one_of!(
        crate::AccessLayer,
        crate::AdaptiveLayer,
        crate::AssignDeadlineLayer,
        crate::BreakerLayer,
        crate::CatchPanicLayer,
        crate::ConcurrencyLayer,
        crate::DeadlineLayer,
        crate::RateLayer,
        crate::RetryLayer,
        crate::TraceLayer,
    )
}

fn wrap<L>(layer: &L) -> Arc<Wrap>
where
    L: Layer<SharedService> + Clone + Send + Sync + 'static,
    L::Service: CallRef + Clone,
{
    let layer = layer.clone();
    Arc::new(move |inner, frame| frame.around(layer.layer(inner)))
}
