package cloud

import (
	"errors"

	"github.com/spf13/cobra"
)

// ParamSpec stands for the one type that the files left in place mention and that no command reads any more.
type ParamSpec struct{}

// NewAPICmd keeps the name of `pulumi api`, which sends requests to Pulumi Cloud. Its OpenAPI reader is a fifth of the
// whole build, so this CLI is built without it.
func NewAPICmd() *cobra.Command {
	return &cobra.Command{
		Use:    "api",
		Hidden: true,
		RunE: func(*cobra.Command, []string) error {
			return errors.New("this Pulumi CLI was built without `pulumi api`; the vendor's release has it")
		},
	}
}
