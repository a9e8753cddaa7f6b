//! Closed sets of labels.

/// Declares an enum whose variants have names for metrics, so that variants, names and the list
/// of all of them cannot drift apart.
macro_rules! labels {
    (
        $(#[$about_enum:meta])*
        pub enum $Label:ident {
            $($(#[$about:meta])* $Variant:ident = $name:literal,)+
        }
    ) => {
        $(#[$about_enum])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $Label {
            $($(#[$about])* #[doc = concat!("\n\nIts name is `", $name, "`.")] $Variant,)+
        }

        impl $Label {
            /// All of them, in the order of their declaration.
            pub const ALL: &'static [Self] = &[$(Self::$Variant,)+];

            /// The name in metrics and logs. It stays as it is from version to version.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$Variant => $name,)+
                }
            }
        }
    };
}

pub(super) use labels;
